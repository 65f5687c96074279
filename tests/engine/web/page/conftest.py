"""One browser for all tests of the page, and one evening for those that look at its rooms."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.web.browser import Stage, chromium
from tests.engine.web.page.evening import serve

__all__ = ["chromium"]


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Serve an evening with a library of tracks that do not exist, and one that does."""
    with serve(tmp_path_factory.mktemp("rooms")) as served:
        yield served
