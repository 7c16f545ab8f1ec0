// Package nn trains image encoders on a [kernels.Device]: residual networks as torchvision defines them, BYOL, SimSiam,
// SimCLR and MoCo v2 with gaze positives (GzPT), optimisers, schedules, checkpoints.
//
// A [Trainer] carries out one micro-batch per call of Step: two augmented views of every item go through the networks of the
// method, and the [Weights] of the batch say which items count as alike. An [Encoder] turns images into features with a trained
// backbone. Neither names a device: the same code runs on the reference, on every tier of the CPU and on a GPU, and a steady
// training step allocates nothing.
//
// # Memory
//
// All parameters of a network lie in one contiguous block, the arena, under the names that torchvision gives them;
// gradients, optimiser moments and a network that follows another are blocks of the same layout. Images are NHWC and convolution
// weights KRSC in memory; files speak PyTorch's OIHW and are converted when they are read and written.
//
// # Methods
//
// A method is one file: its networks and heads, the order of the passes through them, its loss. [Config] has a part for its
// own settings, and [MethodConfig] their defaults. BYOL and SimSiam pull an anchor towards its positives, which they find
// within a micro-batch; SimCLR and MoCo tell them from all candidates of the update and of a queue.
//
// # Randomness
//
// There are no generators with a state of their own: every random number follows from the run's seed, what it is for,
// and a counter. So a run that is resumed from the counters of its checkpoint continues to the same bits.
package nn
