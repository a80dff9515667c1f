"""What of the official SDK's data-asset client the scripts use, and what there is.

Run as a program it prints, one a line, all there is: the public methods and
their parameters, every field of what is sent and of what comes back, and every
value of a choice. While a script runs, watch() writes what it uses of these to
the file that SDK_USED names. What is in the first list and not in the second
is nobody's: with a new release of the SDK, that is what is new in it.
"""

import dataclasses
import enum
import functools
import inspect
import os
import typing

from codeocean.data_asset import DataAssets


def methods():
    """The public methods of the data-asset client, by name."""
    return {name: f for name, f in vars(DataAssets).items() if inspect.isfunction(f) and not name.startswith("_")}


def everything():
    """All names that there are."""
    names = set()

    def expand(hint):
        for part in typing.get_args(hint):
            expand(part)
        if not inspect.isclass(hint):
            return
        if issubclass(hint, enum.Enum):
            names.update(f"{hint.__name__}.{member.name}" for member in hint)
        elif dataclasses.is_dataclass(hint):
            known = {f"{hint.__name__}.{field.name}" for field in dataclasses.fields(hint)}
            if not known <= names:
                names.update(known)
                for inner in typing.get_type_hints(hint).values():
                    expand(inner)

    for name, method in methods().items():
        names.add(name)
        names.update(f"{name}({p})" for p in inspect.signature(method).parameters if p != "self")
        for hint in typing.get_type_hints(method).values():
            expand(hint)
    return names


def watch():
    """Notes from now on what is used. Without SDK_USED it does nothing."""
    path = os.environ.get("SDK_USED")
    if not path:
        return
    seen = set()

    def note(name):
        if name not in seen:
            seen.add(name)
            with open(path, "a") as f:  # one short write, whole also among others
                f.write(name + "\n")

    def look(value):
        if isinstance(value, enum.Enum):
            note(f"{type(value).__name__}.{value.name}")
        elif dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                if (inner := getattr(value, field.name)) is not None:
                    note(f"{type(value).__name__}.{field.name}")
                    look(inner)
        elif isinstance(value, (list, tuple)):
            for inner in value:
                look(inner)

    def watched(name, method):
        @functools.wraps(method)
        def call(*args, **kwargs):
            note(name)
            for parameter, value in inspect.signature(method).bind(*args, **kwargs).arguments.items():
                if parameter != "self":
                    note(f"{name}({parameter})")
                    look(value)
            answer = method(*args, **kwargs)
            look(answer)
            return answer
        return call

    for name, method in methods().items():
        setattr(DataAssets, name, watched(name, method))


if __name__ == "__main__":
    print("\n".join(sorted(everything())))
