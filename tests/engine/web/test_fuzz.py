"""Whatever a client with the token sends to the routes, the server never fails by itself."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from .conftest import TOKEN, Web

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis

pytestmark = pytest.mark.long

_EXAMPLES = 1  # of each route


def test_no_request_that_the_description_allows_or_forbids_ends_in_a_fault(web: Web) -> None:
    schema = schemathesis.openapi.from_dict(web.client.get("/openapi.json").json())
    answers: list[tuple[int, str]] = []

    def ask(case: Any) -> None:
        sent = case.as_transport_kwargs(base_url=str(web.client.base_url))
        sent.pop("cookies", None)
        headers = dict(sent.pop("headers", None) or {}) | {"Authorization": f"Bearer {TOKEN}"}
        answer = web.client.request(headers=headers, **sent)
        answers.append((answer.status_code, f"{sent['method']} {sent['url']}: {answer.text}"))

    bounded = settings(
        max_examples=_EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for result in schema.get_all_operations():
            operation = result.ok()
            for mode in ("positive", "negative"):
                strategy = operation.as_strategy(
                    generation_mode=getattr(schemathesis.GenerationMode, mode.upper())
                )
                _run(strategy, ask, bounded)
    assert len(answers) > 40
    assert [text for code, text in answers if code >= 500] == []
    assert {code for code, _ in answers} >= {200, 404, 422}
    web.get("/api/state")


def _run(strategy: Any, ask: Any, bounded: Any) -> None:
    @bounded
    @given(case=strategy)
    def one(case: Any) -> None:
        ask(case)

    with contextlib.suppress(Unsatisfiable):  # a route without a parameter has none that is wrong
        one()
