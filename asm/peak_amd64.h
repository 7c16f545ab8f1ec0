// The roofs that kernels are compared with: independent steps in registers, with a sum each. 12 or 16 sums, those of a tile, cover
// latency times throughput of every processor with these instructions. Expected: 100 %, by definition.
//
// PEAK is a func(n int), $0-8, that does STEPS n times, after it has cleared the sums and the register zero. CX counts n.
#define PEAK(zero, STEPS) \
	MOVQ n+0(FP), CX; \
	CLEAR(zero);      \
	EACHSUM(CLEAR);   \
	PCALIGN $32;      \
loop: \
	STEPS;            \
	DECQ CX;          \
	JNE  loop;        \
	VZEROUPPER;       \
	RET
