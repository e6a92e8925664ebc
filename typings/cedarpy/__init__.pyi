from collections.abc import Mapping

class PolicySet:
    @staticmethod
    def from_str(policies: str) -> PolicySet: ...

class Entities:
    @staticmethod
    def from_json_str(entities: str) -> Entities: ...

class AuthzResult:
    allowed: bool

def is_authorized(request: Mapping[str, object], policies: PolicySet, entities: Entities) -> AuthzResult: ...
