"""Images, masks and labels of a training run, and the batches made from them."""
