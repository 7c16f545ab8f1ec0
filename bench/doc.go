// Package bench measures. Its benchmarks run under go test -bench; its exported part is what they share with the
// side-by-side comparison of command peer: the machine line, the layers of ResNet-18 as convolution shapes, the roofs
// (multiply-add peak, copy) and the whole training step.
//
// # How to read the numbers
//
// A convolution counts 2*N*OH*OW*K*C*R*S floating-point operations, padded taps included, in each direction and for
// both sides of a comparison. A contrastive loss with its gradient counts the products that are carried out: 8*N*M*d where
// the logits are computed in both passes, half of that in the symmetric form. GFLOP/s stand beside the peak of a loop of fused multiply-adds on all cores, timed in
// the same process right before and after (clocks float, so a peak from another day means nothing); GB/s count every
// operand once per pass that the operation's definition needs and stand beside a copy by all cores.
package bench
