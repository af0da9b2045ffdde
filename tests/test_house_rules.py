"""House rules, checked over all files at once: docstrings, annotations, links, pins, nothing of one machine."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("acquisition", "analysis", "instruments", "simulators")

# Put together here so that this file does not break its own rule.
REGISTRY_HOSTS = ["pypi" + ".org", "python" + "hosted.org", "anaconda" + ".org", "npm" + "js.org", "npm" + "js.com"]
MACHINE_PATHS = ["/" + folder + "/" for folder in ("work", "tmp", "root", "home", "Users")]

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@cache
def source_files() -> tuple[Path, ...]:
    return tuple(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))


@cache
def text_files() -> tuple[Path, ...]:
    """Return every file that git keeps or would keep, as far as it is text."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    paths = (ROOT / name for name in listing.stdout.decode().split("\0") if name)
    return tuple(path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:4096])


@cache
def documents() -> tuple[Path, ...]:
    return tuple(path for path in text_files() if path.suffix == ".md")


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def has_spokesman(node: Definition) -> bool:
    """Say whether another definition of the same name carries the docstring: a setter's getter, an overload's body."""
    return any(ast.unparse(word).split(".")[-1] in {"setter", "overload"} for word in node.decorator_list)


def public_definitions(tree: ast.Module) -> Iterator[tuple[str, Definition]]:
    """Yield public classes and functions with their dotted names, methods too, but nothing inside functions."""
    todo: list[tuple[str, ast.Module | ast.ClassDef]] = [("", tree)]
    while todo:
        prefix, parent = todo.pop()
        for node in parent.body:
            if isinstance(node, Definition) and not node.name.startswith("_") and not has_spokesman(node):
                yield prefix + node.name, node
                if isinstance(node, ast.ClassDef):
                    todo.append((f"{prefix}{node.name}.", node))


def all_public_definitions() -> Iterator[tuple[str, str, Definition]]:
    for path in source_files():
        for name, node in public_definitions(ast.parse(path.read_text(encoding="utf-8"))):
            yield place(path, node.lineno), name, node


def test_everything_public_has_a_docstring_whose_first_line_is_a_sentence() -> None:
    breaches = [
        f"{where}: {name}"
        for where, name, node in all_public_definitions()
        if not (ast.get_docstring(node) or "").split("\n", 1)[0].strip().endswith((".", "?"))
    ]
    assert not breaches, "\n".join(breaches)


def test_everything_public_is_annotated() -> None:
    breaches = []
    for where, name, node in all_public_definitions():
        if isinstance(node, ast.ClassDef):
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        bare = [
            argument.arg for argument in arguments if not argument.annotation and argument.arg not in ("self", "cls")
        ]
        bare += [] if node.returns else ["return"]
        breaches += [f"{where}: {name}: {', '.join(bare)}"] if bare else []
    assert not breaches, "\n".join(breaches)


def test_every_source_file_says_what_it_is() -> None:
    breaches = [place(path, 1) for path in source_files() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert not breaches, "\n".join(breaches)


def test_only_the_command_line_prints() -> None:
    breaches = [
        place(path, node.lineno)
        for path in source_files()
        if path != ROOT / "acquisition" / "cli.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not breaches, "\n".join(breaches)


def test_own_errors_are_not_caught_by_those_who_catch_somebody_elses() -> None:
    breaches = [
        f"{place(path, node.lineno)}: {node.name}"
        for path in source_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and {ast.unparse(base) for base in node.bases} & {"ValueError", "RuntimeError", "OSError", "KeyError"}
    ]
    assert not breaches, "\n".join(breaches)


@pytest.mark.parametrize("words", [REGISTRY_HOSTS, MACHINE_PATHS], ids=["registry hosts", "paths of one machine"])
def test_no_file_names(words: list[str]) -> None:
    # A path of one machine starts a word; "https://host/home/" and "--tmp/" are something else.
    pattern = re.compile("|".join(rf"(?<![\w.~-]){re.escape(word)}" for word in words))
    breaches = [
        f"{place(path, number)}: {found.group()}"
        for path in text_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (found := pattern.search(line))
    ]
    assert not breaches, "\n".join(breaches)


def heading_anchors(document: Path) -> set[str]:
    """Return the anchors that a forge gives to the headings of a document."""
    headings = re.findall(r"^#+\s+(.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_links_in_the_documents_resolve() -> None:
    breaches = []
    for document in documents():
        for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            goal = (document.parent / file).resolve() if file else document
            if not goal.exists() or (anchor and anchor not in heading_anchors(goal)):
                breaches.append(f"{document.relative_to(ROOT)}: {target}")
    assert not breaches, "\n".join(breaches)


def test_errands_named_in_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        errand
        for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / ".ci" / "run")
        for errand in re.findall(r"^(?:step )?make ([a-z]+)|`make ([a-z]+)`", document.read_text("utf-8"), re.MULTILINE)
    }
    missing = {word for pair in named for word in pair if word} - targets
    assert not missing
    assert {"demo", "test"} <= targets


def test_files_named_in_the_documents_exist() -> None:
    folders = "acquisition|analysis|instruments|simulators|tests|docs|examples"
    breaches = [
        f"{document.relative_to(ROOT)}: {name}"
        for document in documents()
        for name in re.findall(rf"`((?:{folders})/[\w./-]*)`", document.read_text(encoding="utf-8"))
        if not (ROOT / name).exists()
    ]
    assert not breaches, "\n".join(breaches)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(file: str) -> list[tuple[str, str]]:
    """Return name and version of what a list of requirements pins, and insist on hashes."""
    blocks = re.split(r"\n(?=\S)", (ROOT / file).read_text(encoding="utf-8"))
    assert all(" --hash=sha256:" in block and "==" in block for block in blocks)
    return [(normal(re.split(r"[=\[ ;]", block, maxsplit=1)[0]), block.split("==")[1].split()[0]) for block in blocks]


def unpinned(file: str, wanted: Iterable[str]) -> set[str]:
    """Return what is wanted and not in a list of requirements."""
    return {normal(re.split(r"[<>=\[; ]", line, maxsplit=1)[0]) for line in wanted} - {name for name, _ in pins(file)}


def test_every_dependency_is_pinned_with_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    assert not unpinned("requirements.txt", wanted), "make requirements.txt anew, see CONTRIBUTING.md"


def test_clients_of_others_are_pinned_with_hashes_and_change_no_other_pin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["clients"]]
    assert not unpinned("requirements-clients.txt", wanted), "make requirements-clients.txt anew, see CONTRIBUTING.md"
    ours, theirs = (dict(pins(name)) for name in ("requirements.txt", "requirements-clients.txt"))
    assert {name: ours[name] for name in ours.keys() & theirs.keys()} == {
        name: theirs[name] for name in ours.keys() & theirs.keys()
    }


def test_the_wheel_holds_the_packages_and_no_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = set(project["tool"]["setuptools"]["packages"])
    folders = {
        str(path.parent.relative_to(ROOT)).replace("/", ".").replace("simulators.pyvisa_zerobias", "pyvisa_zerobias")
        for path in source_files()
    }
    assert listed == folders


def test_tests_mirror_the_tree() -> None:
    breaches = []
    for package in PACKAGES:
        for path in sorted((ROOT / "tests" / package).rglob("test_*.py")):
            folder = package / path.parent.relative_to(ROOT / "tests" / package)
            name = path.stem.removeprefix(f"test_{package}_").removesuffix("_with_device")
            if name == path.stem or not any(
                name == room.stem or name.startswith(f"{room.stem}_") for room in (ROOT / folder).iterdir()
            ):
                breaches.append(f"{path.relative_to(ROOT)}: no room of this name in {folder}/")
    assert not breaches, "\n".join(breaches)
