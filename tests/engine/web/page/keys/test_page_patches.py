"""Patches and the matrix in a browser."""

from __future__ import annotations

from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from engine.patch import builtin_patches
from tests.engine.web.page.keys.hands import PLAIN, KeysPage, until


def test_routes_of_the_matrix_are_added_changed_and_removed(page: KeysPage) -> None:
    page.tab("Matrix")
    add = page.find(".route-add")
    add.click()
    until(lambda: len(page.evening.desk.instrument.patch.matrix) == 1, "one route")
    source, target = page.all(".route select")
    Select(source).select_by_visible_text("wheel")
    Select(target).select_by_visible_text("pitch")
    page.find(".route .knob-dial").send_keys(Keys.ARROW_UP)

    def changed() -> bool:
        (route,) = page.evening.desk.instrument.patch.matrix
        return (route.source, route.target) == ("wheel", "pitch") and route.amount > 12.0

    until(changed, "the route is another")
    page.find(".route .icon-button").click()
    until(lambda: not page.evening.desk.instrument.patch.matrix, "no route")


def test_arrow_keys_play_through_the_patches_that_a_search_leaves(page: KeysPage) -> None:
    page.find(".patch-open").click()
    search = until(lambda: page.find(".patch-sheet .field"), "the list is open")
    search.send_keys("bass")
    names = [row.text.splitlines()[0] for row in
             page.all(".patch-row")]  # fmt: skip
    expected = [n for n, p in builtin_patches().items() if "bass" in f"{n} {' '.join(p.tags)}"]
    assert sorted(names) == sorted(expected)
    search.send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    until(lambda: page.evening.desk.instrument.patch.name == names[1], "the second is played")
    search.send_keys(Keys.ESCAPE)
    until(lambda: not search.is_displayed(), "the list is closed")
    assert page.chrome.switch_to.active_element == page.find(".patch-open")
    until(lambda: page.evening.desk.instrument.patch == PLAIN, "and what was played is back")


def test_a_changed_patch_is_marked_compared_saved_and_reverted(page: KeysPage) -> None:
    instrument = page.evening.desk.instrument
    instrument.choose("warm-pad")
    stored = builtin_patches()["warm-pad"].filter.cutoff
    until(lambda: page.find(".patch-name").text == "warm-pad", "another patch")
    assert not page.find(".patch-changed").is_displayed()
    page.dial("filter.cutoff").send_keys(Keys.END)
    until(lambda: page.find(".patch-changed").is_displayed(), "it is marked")
    compare, revert, save = page.chrome.find_elements(
        "css selector", "#keys .head-tools > .button"
    )[1:]
    compare.click()
    until(lambda: instrument.patch.filter.cutoff == stored, "the stored one is heard")
    until(lambda: compare.get_attribute("aria-pressed") == "true", "and it says so")
    compare.click()
    until(lambda: instrument.patch.filter.cutoff == 24_000.0, "one's own again")
    until(revert.is_enabled, "which differs")
    revert.click()
    until(lambda: instrument.patch.filter.cutoff == stored, "as it was stored")
    page.dial("filter.cutoff").send_keys(Keys.END)
    until(lambda: instrument.patch.filter.cutoff == 24_000.0, "changed again")
    save.click()
    name = page.find(".save-sheet .field")
    name.clear()
    name.send_keys("my pad", Keys.ENTER)
    until(lambda: page.find(".patch-name").text == "my pad", "kept under its own name")
    assert not page.find(".patch-changed").is_displayed()


def test_favourites_are_kept_in_the_browser_and_found_again(page: KeysPage) -> None:
    page.evening.desk.instrument.choose("warm-pad")
    until(lambda: page.text(".patch-name") == "warm-pad", "a patch to like")
    star = '#keys .head-tools button[aria-label="Favourite"]'
    page.find(star).click()
    page.chrome.refresh()
    until(lambda: page.text(".patch-name") == "warm-pad", "the page is there again")
    assert page.find(star).get_attribute("aria-pressed") == "true"
    page.find(".patch-open").click()
    until(lambda: page.all(".patch-row"), "the list is open")
    page.find('.chip[data-tag="favourites"]').click()
    assert [row.text.splitlines()[0] for row in page.all(".patch-row")] == ["warm-pad"]
    page.find(".patch-row .icon-button").click()
    assert page.all(".patch-row") == []


def test_nothing_moves_when_the_patch_or_the_sheet_is_another(page: KeysPage) -> None:
    page.run(
        """
        window.shifted = [];
        new PerformanceObserver((list) => {
            for (const shift of list.getEntries()) {
                for (const { node } of shift.sources) shifted.push(node?.className ?? '');
            }
        }).observe({type: "layout-shift"});
        """
    )
    for name in ("wobble-bass", "drum-kit", "super-saw", "laser"):
        page.evening.desk.instrument.choose(name)
        until(lambda name=name: page.text(".patch-name") == name, "another patch")
        for tab in page.all(".k-tab"):
            tab.click()
            page.run("return document.body.offsetHeight")
    painted = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
    page.chrome.execute_async_script(painted)
    assert set(page.run("return shifted")) <= {"plot-handle"}  # which is where the sound is
