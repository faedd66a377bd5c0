"""The server against the model, in one process: the short form of `python -m tests.model`."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests.model.machine import Chat

Chat.TestCase.settings = settings(
    max_examples=52, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.mark.promise("P2", "model")
@pytest.mark.promise("P3", "model")
@pytest.mark.promise("P4", "model")
@pytest.mark.promise("P6", "model")
@pytest.mark.promise("P7", "model")
@pytest.mark.promise("P8", "model")
@pytest.mark.promise("P9", "model")
class TestChat(Chat.TestCase):  # type: ignore[misc,valid-type]
    """People in groups, a theme or two for each run, disconnects, stalls and restarts, compared after every step."""
