"""Trying a bot: a written dialogue, played without a server, or the same one against a real server.

    from chatd_client.bots.testing import play

    def test_it_answers_prices() -> None:
        asyncio.run(play(bot, Path("prices.dialogue")))

How a dialogue is written: `dialogue`. Where it is played: `places`. The clock stands until the dialogue turns it.
"""

from chatd_client.bots.testing.clock import NoPauses, TurnedClock
from chatd_client.bots.testing.dialogue import BadDialogue, read_dialogue
from chatd_client.bots.testing.ear import DialogueFailed
from chatd_client.bots.testing.places import Place, ServerPlace, StagePlace
from chatd_client.bots.testing.play import play
from chatd_client.bots.testing.stage import Stage
from chatd_client.bots.testing.stage_client import StageClient

__all__ = [
    "BadDialogue",
    "DialogueFailed",
    "NoPauses",
    "Place",
    "ServerPlace",
    "Stage",
    "StageClient",
    "StagePlace",
    "TurnedClock",
    "play",
    "read_dialogue",
]
