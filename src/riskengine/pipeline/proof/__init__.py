"""What executing decisions again is made of (`riskengine.pipeline.verify` is the door), and beside it the `audit`."""
