"""`python -m braintumor`: the same as the `braintumor` command."""

from braintumor.cli import main

raise SystemExit(main())
