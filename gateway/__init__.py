"""The front desk: the gate, accounts, the native API and the pages; the only package that serves HTTP."""
