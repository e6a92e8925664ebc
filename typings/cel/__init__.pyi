class Context:
    def add_variable(self, name: str, value: object) -> None: ...

class Program:
    def execute(self, context: Context) -> object: ...

def compile(expression: str) -> Program: ...  # noqa: A001 - the library's own name
