"""Which of Schemathesis' requests are left out: those whose right answer depends on what the account holds by then."""

from __future__ import annotations

import schemathesis

SHOP = "1"
OTHERS = {str(number) for number in range(2, 11)}


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    match case.method, case.body:
        case "DELETE", _:
            # The shop of the status operations has to stay; every other integration may go.
            return str((case.path_parameters or {}).get("id")) != SHOP
        case "GET", _:
            # A number taken from another answer may be that of an integration that has no statuses.
            return str((case.query or {}).get("integration_id")) not in OTHERS
        case "PATCH", {"webhook_active": True, "webhook_url": str()} | {"webhook_active": False}:
            return True
        case "PATCH", dict() as body:
            # An active webhook needs an address, given now or earlier: no schema can say whether it was.
            return not {"webhook_active", "webhook_url"} & body.keys()
        case _:
            return True
