"""A browser without a screen that visits a server of readings."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi.testclient import TestClient

from nasion.review.server import create_app

TOKEN, PORT = "a-token-of-tests", 8765
ORIGIN = f"http://127.0.0.1:{PORT}"


@contextmanager
def client_of(folder: Path, **settings: object) -> Iterator[TestClient]:
    """One that has been let in."""
    app = create_app(folder, token=TOKEN, port=PORT, **settings)  # type: ignore[arg-type]
    with TestClient(app, base_url=ORIGIN, headers={"Origin": ORIGIN}) as client:
        client.get(f"/?token={TOKEN}")
        yield client


def id_of(client: TestClient, name: str = "stay-217") -> str:
    """Number of the reading of this name."""
    told = client.get("/api/readings").json()["readings"]
    return next(one["id"] for one in told if one["name"] == name)
