"""What would go wrong on Windows or macOS is not written: held by reading the sources."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
POSIX_ALONE = {"fcntl", "grp", "pwd", "pty", "resource", "syslog", "termios", "tty"}
ABSENT = {  # of os and signal on Windows
    "chown", "fchmod", "fchown", "fork", "forkpty", "getpgid", "geteuid", "getgid", "getuid",
    "killpg", "mkfifo", "nice", "setpgid", "setsid", "sync", "umask", "wait", "SIGALRM", "SIGCHLD",
    "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGUSR1", "SIGUSR2", "alarm", "pause", "setitimer",
}  # fmt: skip


@pytest.fixture(scope="module")
def sources():
    """Nodes of each module, by its path."""
    paths = sorted((ROOT / "src").rglob("*.py"))
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in paths)
    return {path: list(ast.walk(tree)) for path, tree in zip(paths, trees, strict=True)}


def method(call):
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def writes_text(call):
    """Whether a file is opened to write text."""
    modes = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    is_open = method(call) in ("open", "fdopen") or getattr(call.func, "id", "") == "open"
    return is_open and any(set(mode) & set("wax") and "b" not in mode for mode in modes)


def needed(call):
    """What a call has to state so that lines end alike everywhere, in UTF-8."""
    if method(call) == "to_csv":
        return {"lineterminator"}
    if method(call) == "write_text" or writes_text(call):
        return {"newline", "encoding"}
    return set()


def test_lines_end_alike_on_every_system(sources):
    lacking = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, nodes in sources.items()
        for node in nodes
        if isinstance(node, ast.Call) and needed(node) - {word.arg for word in node.keywords}
    ]
    assert not lacking


def is_posix_alone(node):
    """Whether it takes what Windows lacks."""
    if isinstance(node, ast.Import):
        return bool(POSIX_ALONE & {alias.name for alias in node.names})
    if isinstance(node, ast.ImportFrom):
        return node.module in POSIX_ALONE
    of = node.value if isinstance(node, ast.Attribute) else None
    return isinstance(of, ast.Name) and of.id in ("os", "signal") and node.attr in ABSENT


def test_what_windows_lacks_is_tried_before_it_is_used(sources):
    lacking = []
    for path, nodes in sources.items():
        blocks = (node for node in nodes if isinstance(node, ast.Try))
        tried = {child for block in blocks for child in ast.walk(block)}
        lacking += [
            f"{path.relative_to(ROOT)}:{node.lineno}"
            for node in nodes
            if is_posix_alone(node) and node not in tried
        ]
    assert not lacking
