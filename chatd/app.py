"""The only place that builds the parts and gives each what it works with: clock, ids, chance, store, port.

server = Server(config)
await server.start()
...
await server.stop()
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import structlog
from litestar.handlers import HTTPRouteHandler
from prometheus_client import CollectorRegistry

from chatd.admin.acts import acts_of
from chatd.admin.operator import Operator
from chatd.admin.serving import AdminSocket
from chatd.backup.keeping import JOB as LEDGER_JOB
from chatd.backup.keeping import LedgerKeeper
from chatd.checks import check_start
from chatd.config import Config
from chatd.http.accounts import account_routes
from chatd.http.app import make_http
from chatd.http.catalogue import Signatures, catalogue_routes
from chatd.http.follows import follow_routes
from chatd.http.front import Door, Front, front_routes
from chatd.http.health import health_routes
from chatd.http.invites import invite_routes
from chatd.http.metrics import DiskMetrics, HubMetrics
from chatd.hub.broadcasts import FORGET_EVERY_S, FORGET_JOB, Broadcaster, BroadcastSettings, Forgetter
from chatd.hub.broadcasts import JOB as BROADCASTS
from chatd.hub.broadcasts import LOOK_EVERY_S as LOOK_FOR_BROADCASTS_S
from chatd.hub.cards import JOB, LOOK_EVERY_S, CardSettings, CardTeller
from chatd.hub.hub import Hub
from chatd.hub.retention import JOB as RETENTION
from chatd.hub.retention import LOOK_EVERY_S as LOOK_FOR_OLD_S
from chatd.hub.retention import Retention
from chatd.outbound import Bound, Outbound
from chatd.search.link import SearchLink
from chatd.search.program import Settings as SearchSettings
from chatd.secret import secret_file, secret_of
from chatd.service.accounts import CODES_EVERY_S, Accounts, AccountSettings, own_issuer
from chatd.service.bots import BotTokens
from chatd.service.delivery import PAUSE_S, Delivery, hook_of
from chatd.service.jwks import JwksKeys
from chatd.service.passwords import Passwords
from chatd.service.retention import RetentionSettings
from chatd.service.tokens import Issuer, Keys, Tokens, load_keys
from chatd.service.words import Words, read_words
from chatd.store import lock, migrate
from chatd.store.database import connect, fold_in, path_of
from chatd.store.link import WriterLink
from chatd.store.readers import Readers
from chatd.store.writer import disk_free_of
from chatd.tuning import fill, hub_settings, word_settings, writer_settings
from chatd.ws.limits import Limits as WsLimits
from chatd.ws.limits import PortSettings
from chatd.ws.server import make_server

LOCK_WAIT_S: Final = 10.0


def now_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def new_id(prefix: str) -> str:
    """A fresh opaque id with 132 random bits."""
    return prefix + secrets.token_urlsafe(17)[:22]


class Server:
    """A whole server in this process, with its writer beside it."""

    def __init__(
        self,
        config: Config,
        *,
        engine: str = "chatd.store.engine:Engine",
        clock_ms: Callable[[], int] = now_ms,
        clock_s: Callable[[], float] = time.monotonic,
        doors: Sequence[Door] = (),
    ) -> None:
        """Makes nothing but, at first need, the secret. Raises OSError, `Trouble`, ValueError: what is in the way."""
        check_start(config)
        self.config = config
        self.log = structlog.get_logger("chatd")
        self._word_list = read_words(word_settings(config))
        self.secret = self._secret()
        self._engine = engine
        self._clock_ms = clock_ms
        self._clock_s = clock_s
        self._keys = self._make_keys()
        self._doors = doors
        self._jitter = random.Random().random  # noqa: S311 - spreads pings and reconnects, guards nothing
        self._lock: int | None = None
        self._disk_free = disk_free_of(config.store.url)
        self._disk_floor_bytes = config.store.free_disk_floor_mb * 2**20
        self.failed: asyncio.Event = asyncio.Event()
        """Set when the server cannot go on: another one has taken over the database."""

    @property
    def _store_name(self) -> str:
        path = path_of(self.config.store.url)
        return str(path.absolute()) if path is not None else "postgresql"

    async def start(self) -> None:
        """Bring the store up to date and serve. Raises OSError, `Held`, `StoreLost`, `ReaderLost`, ValueError.

        A start that fails leaves nothing running: threads of readers would keep the process alive.
        """
        async with contextlib.AsyncExitStack() as undo:
            await self._open_store(undo)
            await self._open_port()
            undo.push_async_callback(self.port.drain, 0)
            self._admin = AdminSocket(
                self.config.admin_socket_path(),
                acts_of(Operator(self.hub, self.ws_url, self.accounts, self.bots, self.retention)),
            )
            await self._admin.start()
            undo.pop_all()
        if (free := self._disk_free()) < self._disk_floor_bytes:
            self.log.warning(
                "nothing is written: the disk is below its floor",
                free_mb=free // 2**20,
                floor_mb=self.config.store.free_disk_floor_mb,
            )
        self.log.info("serving", url=self.ws_url, store=self._store_name)

    async def _open_store(self, undo: contextlib.AsyncExitStack) -> None:
        config = self.config
        path = path_of(config.store.url)
        if path is not None:
            self._lock = self._take(path)
            undo.callback(self._let_go)
        before, after = migrate.migrate(config.store.url)
        database = connect(config.store.url)
        self.life = migrate.life(database)
        database.close()
        if before != after:
            self.log.info("store migrated" if before else "store made", before=before, after=after)
        self.readers = Readers(config.store.url, config.store.readers)
        undo.push_async_callback(self.readers.close)
        await self.readers.open()
        self.bots = BotTokens(self.life.key, self.readers)
        self.hub = self._make_hub()
        teller = CardTeller(self.hub, fill(CardSettings, config.catalogue))
        self.hub.jobs.add(JOB, LOOK_EVERY_S, teller.step)
        if config.backup.ledger:
            keeper = LedgerKeeper(Path(config.backup.ledger), self.readers.snapshot)
            self.hub.jobs.add(LEDGER_JOB, config.backup.ledger_every_s, keeper.step)
        of_broadcasts = fill(BroadcastSettings, config.broadcasts)
        self.hub.jobs.add(BROADCASTS, LOOK_FOR_BROADCASTS_S, Broadcaster(self.hub, of_broadcasts).step)
        self.hub.jobs.add(FORGET_JOB, FORGET_EVERY_S, Forgetter(self.hub, of_broadcasts).step)
        self.retention = Retention(self.hub, fill(RetentionSettings, config.retention))
        self.hub.jobs.add(RETENTION, LOOK_FOR_OLD_S, self.retention.step)
        self.hub.on_fatal = self._fail
        self.link = self.hub.link = self._make_link()
        self.accounts = self._make_accounts()
        if self.accounts is not None:
            self.hub.jobs.add("codes", CODES_EVERY_S, self.accounts.drop_codes)
            undo.push_async_callback(self.accounts.stop)
        undo.push_async_callback(self.link.close)
        self._open_search(undo)
        self.hub.start(await self.link.start())
        undo.push_async_callback(self.hub.stop)

    def _open_search(self, undo: contextlib.AsyncExitStack) -> None:
        settings, path = self.config.search, self.config.search_path()
        if not settings.on:
            return
        self.hub.search = search = SearchLink(
            fill(SearchSettings, settings, url=self.config.store.url, path=str(path) if path is not None else None),
            readers=settings.readers,
            timeout_s=settings.timeout_s,
            published=lambda: self.hub.n,
            clock_s=self._clock_s,
        )
        search.start()
        undo.push_async_callback(search.close)
        self.hub.jobs.add("search", settings.follow_every_s, search.tick)

    def _take(self, path: Path) -> int:
        """Lock the database. A server that was told to stop may still have it: that is waited for, and said."""
        try:
            return lock.take(path)
        except lock.Held:
            self.log.warning(
                "waiting for another chatd that has the database", store=self._store_name, at_most_s=LOCK_WAIT_S
            )
        return lock.take(path, LOCK_WAIT_S)

    def _let_go(self) -> None:
        """Give the database back."""
        held, self._lock = self._lock, None
        if held is not None:
            lock.release(held)

    @property
    def ws_url(self) -> str:
        """Where clients connect."""
        host, port = self.port.addresses[0]
        host = f"[{host}]" if ":" in host else host
        return f"{'wss' if self.config.server.tls_cert else 'ws'}://{host}:{port}/ws"

    @property
    def http_url(self) -> str:
        """The same port for HTTP, without a path."""
        return "http" + self.ws_url.removeprefix("ws").removesuffix("/ws")

    def ready(self) -> bool | str:
        """Whether commands can be carried out now, or why not."""
        if self.hub.draining:
            return "stopping"
        if not self.link.up:
            return "the writer is starting"
        return "the disk is full: nothing is written" if self._disk_free() < self._disk_floor_bytes else True

    async def stop(self, within_s: float | None = None) -> None:
        """Stop accepting, answer what is in flight, say goodbye, close, and let the writer finish."""
        within_s = self.config.server.drain_s if within_s is None else within_s
        self.port.stop_accepting()
        self.hub.announce_end(within_s)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.link.settled(), within_s / 2)
        await self.port.drain(within_s / 2)
        if self.accounts is not None:
            await self.accounts.stop()
        await self.hub.stop()
        if self.hub.search is not None:
            await self.hub.search.close()
        await self.link.close()
        await self.readers.close()
        await self._admin.stop()
        if (path := self.config.sqlite_path()) is not None:
            await asyncio.to_thread(fold_in, path)
        self._let_go()
        self.log.info("stopped", store=self._store_name)

    def _make_hub(self) -> Hub:
        auth = self.config.auth
        own = own_issuer(self.life.key) if self.config.accounts.signup != "off" else None
        return Hub(
            hub_settings(self.config),
            self.readers,
            Tokens(Issuer(self._keys, auth.issuer, auth.audience), auth.leeway_s, own, self.bots),
            self.life,
            words=Words(word_settings(self.config), self._word_list),
            now_ms=self._clock_ms,
            clock_s=self._clock_s,
            new_id=new_id,
            jitter=self._jitter,
        )

    def _make_accounts(self) -> Accounts | None:
        """Accounts of our own, if there are any."""
        settings, hub = self.config.accounts, self.hub
        if settings.signup == "off":
            return None
        loopback, timeout_s = settings.hook_allow_loopback, settings.hook_timeout_s
        least_s, most_s = PAUSE_S
        hook = hook_of(settings.hook_command, settings.hook_url, Outbound(loopback=loopback), timeout_s)
        return Accounts(
            fill(AccountSettings, settings),
            Passwords(settings.hash_memory_kib, settings.hash_passes, settings.hash_workers, settings.hash_queue),
            # A pause by chance: that the hook starts is not to be timed from outside.
            Delivery(hook, lambda: asyncio.sleep(least_s + (most_s - least_s) * self._jitter())),
            hub.tokens,
            self.readers,
            self.life.key,
            ask=hub.link.ask,
            rate=hub.rates.check,
            end_sessions=hub.end_sessions,
            now_ms=self._clock_ms,
            new_id=new_id,
        )

    def _secret(self) -> str:
        """The secret of the host's tokens; says where a new one was made."""
        file, database = secret_file(self.config), self.config.sqlite_path()
        if file is None or file.exists():
            return secret_of(self.config)
        secret, made = secret_of(self.config), str(file.absolute())
        if database is not None and database.exists():
            self.log.warning("secret made: tokens signed with another are not accepted", file=made)
        else:
            self.log.info("secret made", file=made)
        return secret

    def _make_keys(self) -> Keys:
        """The keys of the host's tokens. Raises OSError, ValueError."""
        auth = self.config.auth
        if not auth.jwks_url:
            return load_keys(auth.jwt_algorithm, [self.secret, auth.jwt_secret_before], auth.jwt_public_key_file)
        outbound = Outbound(loopback=auth.jwks_allow_loopback, ca_file=auth.jwks_ca_file)
        bound = Bound(auth.jwks_timeout_s, auth.jwks_max_bytes)
        return JwksKeys(
            lambda: outbound.ask("GET", auth.jwks_url, bound),
            auth.jwt_algorithm,
            clock_s=self._clock_s,
            cache_s=auth.jwks_cache_s,
            refetch_s=auth.jwks_refetch_s,
            stale_s=auth.jwks_stale_s,
        )

    def _make_link(self) -> WriterLink:
        return WriterLink(
            writer_settings(self.config, self._engine, self.life.epoch),
            inherit_fds=(self._lock,) if self._lock is not None else (),
            queue_max=self.config.store.queue_max,
            on_outcome=self.hub.publish,
            on_restart=self.hub.restarted,
            on_fatal=self._fail,
        )

    def _fail(self, reason: str) -> None:
        self.log.error("cannot go on", reason=reason)
        self.failed.set()

    def _follow_routes(self) -> list[HTTPRouteHandler]:
        follows = self.config.follows
        if not follows.secret:
            return []
        signatures = Signatures(follows.secret.encode(), follows.signature_window_s, self._clock_ms)
        return follow_routes(self.hub, signatures, follows.body_max_bytes)

    def _catalogue_routes(self) -> list[HTTPRouteHandler]:
        catalogue = self.config.catalogue
        if not catalogue.secret:
            return []
        signatures = Signatures(catalogue.secret.encode(), catalogue.signature_window_s, self._clock_ms)
        return catalogue_routes(self.hub, signatures, catalogue.body_max_bytes)

    def _front_routes(self) -> list[HTTPRouteHandler]:
        if not self.config.front.on:
            return []
        front, hub = fill(Front, self.config.front, doors=self._doors), self.hub
        return front_routes(front, hub.figures, self.ready, hub.rates.check, self._clock_ms, hub.settings.public_url)

    async def _open_port(self) -> None:
        server, ws = self.config.server, self.config.ws
        registry = CollectorRegistry()
        limits = fill(WsLimits, ws)
        settings = fill(PortSettings, server, echo=self.config.debug.echo)
        accounts = account_routes(self.accounts, self.hub.rates) if self.accounts is not None else []
        invites = invite_routes(self.hub, self.config.invites.app_url)
        routes = [*health_routes(self.ready, registry), *self._front_routes(), *invites, *accounts]
        routes += self._catalogue_routes()
        routes += self._follow_routes()
        http = make_http(routes)
        self.port = make_server(
            http,
            self.hub.make_session,
            settings,
            limits,
            clock=self._clock_s,
            wall_clock=time.time,
            jitter=self._jitter,
        )
        registry.register(HubMetrics(self.hub))
        if self.config.sqlite_path() is not None:
            registry.register(DiskMetrics(self._disk_free, self._disk_floor_bytes))
        registry.register(self.port.stats)
        await self.port.start()
