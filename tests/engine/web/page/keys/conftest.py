"""A session with nothing but keys, and its page in the browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.engine.web.browser import DESKTOP, Stage, complaints, look_as, stage
from tests.engine.web.page.keys.hands import PLAIN, KeysPage, until

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


@pytest.fixture(scope="package")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Serve one session to all tests; its patches are kept apart from the user's."""
    folder = tmp_path_factory.mktemp("keys")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTIPHON_PATCHES", str(folder / "patches"))
        with stage(folder / "library") as served:
            yield served


@pytest.fixture
def page(chromium: Chrome, evening: Stage) -> Iterator[KeysPage]:
    """Open the page, playing a plain sound; nothing may have gone wrong in it afterwards."""
    look_as(chromium, DESKTOP)
    evening.synth.panic()
    evening.desk.instrument.replace(PLAIN)
    chromium.get("about:blank")
    complaints(chromium)
    chromium.get(evening.url)
    one = KeysPage(chromium, evening)
    until(lambda: one.all(".bench .plot .line[d]"), "curves are drawn")
    until(lambda: one.text(".patch-name") == "plain", "the patch is shown")
    yield one
    assert complaints(chromium) == []
