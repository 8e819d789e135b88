"""Writes `fieldfolio/__init__.pyi`: what type checkers and editors know of the calls that wait. It is made from the
bindings themselves, so that it says what they do."""

import importlib
import inspect
import re
import sys
from pathlib import Path

WAITING = ["Fieldfolio", "Store", "SyncService", "ChangeStream", "StatusStream"]

HEAD = '''"""What type checkers know of `fieldfolio`. Made by `stubs.py`."""

import types
import typing

from . import aio as aio
'''

STREAM = '''    def next(self, timeout: float | None = None) -> {kind} | None: ...
    def __iter__(self) -> typing.Iterator[{kind}]: ...
    def end(self) -> None: ...
'''


def rendered(annotation) -> str:
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = re.sub(r"\bfieldfolio\._core\.", "", text)
    return "None" if text in ("NoneType", "<class 'NoneType'>") else text


def parameters(signature: inspect.Signature) -> str:
    said = []
    for parameter in signature.parameters.values():
        if parameter.name == "self":
            said.append("self")
            continue
        default = " = ..." if parameter.default is not parameter.empty else ""
        said.append(f"{parameter.name}: {rendered(parameter.annotation)}{default}")
    return ", ".join(said)


def doc(of, indent: str) -> str:
    text = inspect.getdoc(of)
    if not text:
        return " ...\n"
    lines = "\n".join((indent + line).rstrip() for line in text.strip().splitlines())
    return f'\n{indent}"""\n{lines}\n{indent}"""\n'


def waiting(core, name: str) -> str:
    cls = getattr(core, name)
    text = f"class {name}:\n"
    if name == "Fieldfolio":
        text += "    def __init__(self, config: Config | None = None) -> None: ...\n"
    if name == "Store":
        text += "    def __enter__(self) -> Store: ...\n"
        text += (
            "    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, "
            "trace: types.TracebackType | None) -> None: ...\n"
        )
    if name.endswith("Stream"):
        kind = "int" if name == "ChangeStream" else "SyncStatus"
        return text + STREAM.format(kind=kind)
    for method, member in sorted(vars(cls).items()):
        if method.startswith("_") or not callable(member):
            continue
        signature = inspect.signature(member)
        answer = rendered(signature.return_annotation)
        text += f"    def {method}({parameters(signature)}) -> {answer}:{doc(member, '        ')}"
    return text


def errors(core) -> str:
    text = "class FieldfolioError(Exception):\n    reason: str\n"
    for name, case in vars(core.FieldfolioError).items():
        if not (isinstance(case, type) and issubclass(case, Exception)):
            continue
        fields = list(inspect.signature(case.__init__).parameters)[1:]
        text += f"\n    class {name}(FieldfolioError):\n        \"\"\"{inspect.getdoc(case)}\"\"\"\n"
        kinds = {"count": "int", "number": "int"}
        text += "".join(f"        {field}: {kinds.get(field, 'str')}\n" for field in fields)
    return text


def variants(core, name: str) -> str:
    """A word that carries fields: each of its cases is a class of its own."""
    cls = getattr(core, name)
    text = f"class {name}:{doc(cls, '    ')}"
    for case, member in vars(cls).items():
        if isinstance(member, type):
            signature = inspect.signature(member.__init__)
            text += f"\n    class {case}({name}):\n"
            for parameter in list(signature.parameters.values())[1:]:
                text += f"        {parameter.name}: {rendered(parameter.annotation)}\n"
            text += f"        def __init__({parameters(signature)}) -> None: ...\n"
    return text


def has_variants(core, name: str) -> bool:
    cls = getattr(core, name)
    nested = [member for member in vars(cls).values() if isinstance(member, type) and member.__module__ == core.__name__]
    return bool(nested) and not issubclass(cls, Exception)


def stub(package: Path) -> str:
    sys.path.insert(0, str(package.parent))
    core = importlib.import_module("fieldfolio._core")
    plain = [
        name
        for name in core.__all__
        if name not in [*WAITING, "FieldfolioError", "shutdown"] and not name.endswith(("Protocol", "SinkImpl"))
    ]
    ids = sorted(name for name, value in vars(core).items() if name.endswith(("Id", "WorkDate", "BlobHash")) and value is str)
    carrying = [name for name in plain if has_variants(core, name)]
    plain = [name for name in plain if name not in carrying]
    imports = "".join(f"from ._core import {name} as {name}\n" for name in sorted(plain))
    aliases = "".join(f"{name} = str\n" for name in ids)
    bodies = [errors(core), *(variants(core, name) for name in carrying), *(waiting(core, name) for name in WAITING)]
    return "\n".join([HEAD + imports, aliases, *bodies])


if __name__ == "__main__":
    package = Path(sys.argv[1])
    (package / "__init__.pyi").write_text(stub(package))
