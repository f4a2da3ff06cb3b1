"""Where a study is kept: Optuna's tables, safe for several processes, errors in one line."""

import sqlite3
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import optuna
import sqlalchemy
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.trial import TrialState

from nasion.errors import NasionError
from nasion.files import make_folder

LOCK = ".lock"  # file of a study's folder
HEARTBEAT_S, GRACE_S = 15, 60  # a process that was silent for longer is taken for dead
LOCKED_S = 60.0  # that SQLite waits for another process
TRIES, PAUSE_S = 3, 1.0  # two processes may make the tables of a new study at the same moment
UNREACHABLE = (StorageInternalError, sqlalchemy.exc.SQLAlchemyError)


class Tables(optuna.storages.RDBStorage):
    """Optuna's storage in a database; heartbeats tell who is alive."""

    def __init__(self, url: sqlalchemy.URL) -> None:
        local = url.get_backend_name() == "sqlite"
        options = {"connect_args": {"timeout": LOCKED_S}} if local else {"pool_pre_ping": True}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            super().__init__(
                url.render_as_string(hide_password=False),
                options,
                heartbeat_interval=HEARTBEAT_S,
                grace_period=GRACE_S,
            )
        if local:
            # Optuna reads the state of a trial, then writes it, and relies on row locks in between.
            # SQLite has none; there, the write lock of the whole transaction does the same.
            self.engine.dispose()
            sqlalchemy.event.listen(self.engine, "connect", _begin_ourselves)
            sqlalchemy.event.listen(self.engine, "begin", _begin_writing)

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """As Optuna's; what is claimed has a heartbeat before, or nobody would miss it."""
        if state == TrialState.RUNNING:
            super().record_heartbeat(trial_id)
        return super().set_trial_state_values(trial_id, state, values)

    def record_heartbeat(self, trial_id: int) -> None:
        """Miss a beat where the database is locked, rather than never beat again."""
        with suppress(StorageInternalError):
            super().record_heartbeat(trial_id)


def _begin_ourselves(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None


def _begin_writing(connection: sqlalchemy.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def opened(url: str, name: str, *, maximised: bool) -> Iterator[optuna.Study]:
    """Open a study, made where there is none; problems of the database end in one line.

    Parameters
    ----------
    url
        As of Optuna and SQLAlchemy: `sqlite:///study.db`, `postgresql://user:password@host/name`.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        address = sqlalchemy.make_url(url)
    except sqlalchemy.exc.ArgumentError:
        raise NasionError(
            f"{url}: not the URL of a storage; give one like sqlite:///study.db"
        ) from None
    name_shown = address.render_as_string(hide_password=True)
    try:
        tables = _tables(address)
        try:
            yield optuna.create_study(
                study_name=name,
                storage=tables,
                direction="maximize" if maximised else "minimize",
                load_if_exists=True,
            )
        finally:
            tables.remove_session()
            tables.engine.dispose()
    except ImportError as error:
        raise NasionError(f"{name_shown}: needs a package ({error}); install it") from None
    except UNREACHABLE as error:
        reason = str(error.__cause__ or error).partition("\n")[0]
        raise NasionError(f"{name_shown}: no way in ({reason}); call again to go on") from None


def _tables(url: sqlalchemy.URL) -> Tables:
    for _ in range(TRIES - 1):
        try:
            return Tables(url)
        except sqlalchemy.exc.NoSuchModuleError:
            break
        except UNREACHABLE:
            time.sleep(PAUSE_S)
    return Tables(url)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process at a time through; a killed one lets go.

    The lock is SQLite's, which every system has.
    """
    make_folder(folder)
    with closing(_lock(folder)) as lock:
        while True:
            try:
                lock.execute("BEGIN EXCLUSIVE")
                break
            except sqlite3.DatabaseError as error:
                if "locked" not in str(error):
                    raise _unlockable(folder, error) from None
        yield
        lock.rollback()


def _lock(folder: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(folder / LOCK, timeout=1.0, isolation_level=None)
    except sqlite3.Error as error:
        raise _unlockable(folder, error) from None


def _unlockable(folder: Path, error: sqlite3.Error) -> NasionError:
    return NasionError(
        f"{folder}: cannot be locked ({error}); remove {LOCK} in it, or give another folder"
    )
