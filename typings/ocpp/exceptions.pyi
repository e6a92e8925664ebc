class OCPPError(Exception):
    code: str
    description: str

class NotImplementedError(OCPPError): ...
