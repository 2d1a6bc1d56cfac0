"""`python -m rtsep`."""

import sys

from rtsep.cli.main import main

sys.exit(main())
