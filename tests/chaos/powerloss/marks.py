"""The workload's side: how a workload process tells the recorder what it has acknowledged.

Must not know what is acknowledged, nor import anything of the project, so that any workload can use it.
"""

import os

MARKS_VARIABLE = "POWERLOSS_MARKS"


class Marks:
    """The acknowledgements of this process, each recorded in order with the changes of the files.

    Raises:
        KeyError: the process does not run under the recorder (POWERLOSS_MARKS is not set).
        OSError: the file of the marks cannot be written.
    """

    def __init__(self) -> None:
        self._fd = os.open(os.environ[MARKS_VARIABLE], os.O_WRONLY | os.O_APPEND)

    def ack(self, line: str) -> None:
        """Acknowledge `line` (one line of text, meaningful to the check of the workload alone).

        Call it where the acknowledgement would leave the process, after the COMMIT that it stands on has returned.
        """
        if "\n" in line:
            raise ValueError("line: an acknowledgement is one line")
        raw = line.encode() + b"\n"
        if os.write(self._fd, raw) != len(raw):  # in pieces it would be no single entry of the record
            raise OSError(f"a mark of {len(raw)} bytes was written in part")
