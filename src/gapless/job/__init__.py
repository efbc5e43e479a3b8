"""One search from request to report: what was asked, the plan, the work, what was found."""
