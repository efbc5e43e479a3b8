"""The figures of the page, each drawn for a wide and for a narrow screen; its modules load matplotlib."""
