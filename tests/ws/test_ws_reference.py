"""Any stream of frames, cut anywhere, means what websockets' own `ServerProtocol` says it means.

The connection takes short cuts around that parser (plain messages never reach it, frames are cut by hand), so what it
makes of a stream is compared with a model that has none: the whole parser, plus the three rules that are ours.
"""

from __future__ import annotations

import dataclasses
import struct

from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from tests.ws.kit import BINARY, CLOSE, PING, PONG, TEXT, client_frame, on_loop, serving

PAYLOADS = st.one_of(
    st.binary(max_size=8),
    st.text("aé石😀", max_size=6).map(str.encode),
    st.integers(120, 130).map(lambda size: b"p" * size),
    st.sampled_from([b"x" * 70_000, struct.pack("!H", 1000), struct.pack("!H", 4001) + b"why", b"\x03\xed"]),
)
GOOD = st.builds(
    client_frame,
    st.sampled_from([TEXT, TEXT, TEXT, 0, 0, PING, PONG, BINARY, CLOSE]),
    PAYLOADS,
    fin=st.sampled_from([True, True, False]),
    mask=st.binary(min_size=4, max_size=4),
)
BAD = st.builds(
    client_frame, st.integers(0, 15), PAYLOADS, rsv=st.integers(0, 7), mask=st.sampled_from([None, b"mask"])
)


def end_at_close(stream: list[bytes]) -> list[bytes]:
    """A client that sends on after its own close frame may be reset before it has heard anything."""
    closes = [i for i, data in enumerate(stream) if data[0] & 0x0F == CLOSE]
    return stream[: closes[0] + 1] if closes else stream


STREAMS = st.lists(st.one_of(*[GOOD] * 9, BAD), max_size=12).map(end_at_close)


@dataclasses.dataclass
class Meaning:
    """What a stream comes to: the messages for the session, the pongs for the client, and the code of the end."""

    messages: list[bytes] = dataclasses.field(default_factory=list)
    pongs: list[bytes] = dataclasses.field(default_factory=list)
    code: int = 0


def understand(stream: list[bytes]) -> Meaning:
    """The model: text only, UTF-8 only, fragments joined; everything else is the parser's word."""
    meaning, parser, parts = Meaning(), ServerProtocol(state=State.OPEN, max_size=None), []
    for data in stream:
        parser.receive_data(data)
        for frame in parser.events_received():
            assert isinstance(frame, Frame)
            if frame.opcode is Opcode.PING:
                meaning.pongs.append(bytes(frame.data))
            elif frame.opcode is Opcode.BINARY:
                meaning.code = 1003
            elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
                parts.append(bytes(frame.data))
                if frame.fin and is_utf8(b"".join(parts)):
                    meaning.messages.append(b"".join(parts))
                    parts = []
                elif frame.fin:
                    meaning.code = 1007
        if not meaning.code and parser.state is not State.OPEN:
            said = parser.close_sent if parser.parser_exc else parser.close_rcvd
            assert said is not None
            meaning.code = said.code
        if meaning.code:
            break
    return meaning


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@settings(max_examples=250, deadline=None)
@given(stream=STREAMS, cuts=st.lists(st.integers(1, 200), max_size=40))
@on_loop
async def test_a_stream_means_what_the_reference_says(stream: list[bytes], cuts: list[int]) -> None:
    expected = understand(stream)
    data = b"".join(stream)
    async with serving(max_message_bytes=10**7, max_fragments=1000) as port:
        client, session = await port.connect()
        for cut in cuts:
            client.send(data[:cut])
            data = data[cut:]
            await client.writer.drain()
        client.send(data)
        found = Meaning()
        if not expected.code:  # an end that the stream does not contain, so that everything before it is known
            client.send_frame(PING, b"the end")
            expected.pongs.append(b"the end")
        while len(found.pongs) < len(expected.pongs):
            opcode, payload = await client.frame()
            assert opcode == PONG
            found.pongs.append(payload)
        if expected.code:
            found.code = await client.close_code()
            client.writer.close()
            assert await session.close_code() == expected.code
        found.messages = [session.messages.get_nowait() for _ in range(session.messages.qsize())]
        assert found == expected
