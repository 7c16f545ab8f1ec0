package asm

// ContrastProducts is how many products of all anchors with all keys ContrastiveLossAndBackward carries out in assembly, for
// keys alone whose lengths bound the logits: 4, the logits in both passes and two for the gradient; 3 where the exponentials
// are kept; and half of that where the keys are the anchors.
func ContrastProducts(keys int, symmetric bool) float64 {
	products := 4.0
	if contrastKept(keys, symmetric) {
		products = 3
	}
	if symmetric {
		products /= 2
	}
	return products
}
