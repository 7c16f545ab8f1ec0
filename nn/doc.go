// Package nn trains image encoders on a [kernels.Device]: residual networks as torchvision defines them, the heads and
// the loss of BYOL with gaze positives (GzPT), optimisers, schedules, checkpoints.
//
// A [Trainer] carries out one micro-batch per call of Step: two augmented views of every item go through the online
// network, the target network gives what they are compared with, and the positives matrix A says which items count as
// alike. An [Encoder] turns images into features with a trained backbone. Neither names a device: the same code runs on
// the reference and on every tier of the CPU, and a steady training step allocates nothing.
//
// # Memory
//
// All parameters of a network lie in one contiguous block, the arena, under the names that torchvision gives them;
// gradients, optimiser moments and the target network are blocks of the same layout. Images are NHWC and convolution
// weights KRSC in memory; files speak PyTorch's OIHW and are converted when they are read and written.
//
// # Randomness
//
// There are no generators with a state of their own: every random number follows from the run's seed, what it is for,
// and a counter. So a run that is resumed from the counters of its checkpoint continues to the same bits.
package nn
