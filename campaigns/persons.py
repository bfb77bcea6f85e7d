"""What segments may hold about a person; see core.persons."""

from core.persons import Held, declare, without

declare(Held("campaigns.Segment", says={"rules": without}))
