"""When devices were last here, as far as it is not stored yet.

As with read positions, a crash may take back the last second of it: kept here, handed to the writer in bounded
portions, and laid over what the store says until it is there.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from chatd.core.devices import SaveDevices
from chatd.store.link import WriterLink
from chatd.store.outcome import Verdict

PORTION: Final = 500
Seen = tuple[str, int]
"""The program, and when."""


class Devices:
    """user -> device -> what was seen of it since the last saving. `here`: user -> when they were last here."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: dict[tuple[str, str], Seen] = {}
        self._devices: dict[str, set[str]] = {}
        self.here: dict[str, int] = {}
        self._saving = False
        self._link: WriterLink

    def __len__(self) -> int:
        return len(self._seen)

    def see(self, user: str, device: str, program: str, at: int) -> None:
        """Note a device; beyond the bound only those that are here already are noted anew."""
        key = (user, device)
        if len(self._seen) >= self._most and key not in self._seen:
            return
        before = self._seen.get(key, ("", 0))
        self._seen[key] = (program or before[0], max(at, before[1]))
        self._devices.setdefault(user, set()).add(device)
        self.here[user] = max(at, self.here.get(user, 0))

    def of(self, user: str) -> dict[str, Seen]:
        """What is noted here of somebody's devices."""
        return {device: self._seen[user, device] for device in self._devices.get(user, ())}

    def forget(self, user: str, device: str) -> None:
        """The device was taken away; what was noted of it must not bring it back."""
        if self._seen.pop((user, device), None) is not None:
            self._drop(user, device)

    def forget_all(self, user: str) -> None:
        """The person is no more."""
        for device in list(self._devices.get(user, ())):
            self.forget(user, device)

    def _drop(self, user: str, device: str) -> None:
        rest = self._devices[user]
        rest.discard(device)
        if not rest:
            del self._devices[user]
            self.here.pop(user, None)

    def save(self, link: WriterLink) -> None:
        """Hand a portion to the writer unless one is on its way."""
        if self._saving or not self._seen:
            return
        portion = dict(islice(self._seen.items(), PORTION))
        wish = SaveDevices([(user, device, *seen) for (user, device), seen in portion.items()])
        self._link = link
        self._saving = link.propose(wish, lambda verdict: self._saved(portion, verdict))

    def _saved(self, portion: dict[tuple[str, str], Seen], verdict: Verdict) -> None:
        self._saving = False
        if verdict.answer is None:
            return
        for (user, device), seen in portion.items():
            if self._seen.get((user, device)) == seen:
                del self._seen[user, device]
                self._drop(user, device)
        if len(self._seen) >= PORTION:
            self.save(self._link)
