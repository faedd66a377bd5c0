"""Power loss, replayed: does every acknowledged command survive a cut of the power at any moment?

`kill -9` cannot answer that, because the kernel keeps what a killed process wrote. So a workload runs once with every
change to its files recorded (`record`), and afterwards the record is cut in many places (`cuts`): each cut yields
images of what a disk may hold when the power goes there, and each image is opened and judged (`judge`).

What a disk may hold is the model in `disk.py` and `replay.py`. What a workload has to do is in `workloads.py`.
`python -m tests.chaos.powerloss` is the long form. Nothing here knows chatd; a workload and its check do.
"""

from tests.chaos.powerloss.entries import Record, load_record
from tests.chaos.powerloss.recorder import record, unsupported_reason
from tests.chaos.powerloss.replay import Image, Survival, cuts
from tests.chaos.powerloss.verdict import Check, Report, judge

__all__ = [
    "Check",
    "Image",
    "Record",
    "Report",
    "Survival",
    "cuts",
    "judge",
    "load_record",
    "record",
    "unsupported_reason",
]
