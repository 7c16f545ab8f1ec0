//go:build amd64 && !noasm

package asm

// elemState is the jobs and the scratch of the operations outside convolutions and products, kept between calls so that none
// allocates.
type elemState struct {
	stream          streamJob
	losses          lossState
	contrast        contrastJob
	optimisers      optimiserState
	rows            rowsJob
	sums            sumsJob
	moments         momentsJob
	fill            fillJob
	copy            copyJob
	augment         augmentJob
	maxPool         maxPoolJob
	maxPoolBackward maxPoolBackwardJob
	average         averageJob
	spread          spreadJob
	params          []float32 // parameters of the current kernel
	affine          []float64 // means, scales and shifts of the channels of a normalisation, and slopes of its gradient
	wideParams      []float64 // the same in the order of the kernel
}
