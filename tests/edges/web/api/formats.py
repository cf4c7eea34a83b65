"""How schemathesis makes what JSON Schema can't describe: this project's own formats, and what suits a webhook."""

from typing import Any

import schemathesis
from hypothesis import strategies as st

FILTERS = ("", "status:failed", "model:fraud-* -tag:test", '"chargeback" confidence<0.8', "cost>=0.1")

schemathesis.openapi.format("tidings-filter", st.sampled_from(FILTERS))
schemathesis.openapi.format(
    "tidings-webhook", st.from_regex(r"https://[a-z]{1,10}\.example\.com/[a-z0-9]{0,9}", fullmatch=True)
)
schemathesis.openapi.format("tidings-quiet", st.sampled_from(["22:00-07:00", "9:30-10:15"]))
schemathesis.openapi.format("tidings-future", st.sampled_from(["2027-06-01T00:00:00Z", "2028-01-01T12:00:00+02:00"]))
schemathesis.openapi.format(
    "tidings-place", st.sampled_from(["#C0FRAUD", "@U0ANA", "@S0RISK", "#C0FRAUD/1.2", "https://hooks.example.com/a"])
)
schemathesis.openapi.format("tidings-cursor", st.sampled_from(["MTgwMDAwMDAwMDAwMC5rN20ycXg", "MC4"]))
schemathesis.openapi.format("tidings-etags", st.sampled_from(["*", '"0"', '"0", W/"1"']))


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """A webhook takes no style."""
    match body:
        case {"destination": {"kind": "webhook"}, "style": _}:
            return {name: value for name, value in body.items() if name != "style"}
    return body
