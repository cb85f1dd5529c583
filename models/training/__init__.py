"""From recordings of people to the model that the device runs: `./models/train`."""
