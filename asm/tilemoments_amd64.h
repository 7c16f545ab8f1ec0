// TILEMOMENTS adds the moments of a few rows of tiles, which have just been written and are still in L1, to those of earlier
// rows. It is for func(moments *float64, c *float32, out *int, rows, near, columns int, nearInverse float32, inverse, share, weight
// float64), $0-80. Expected: 1 % of the time of the tiles' multiply-adds.
//
//	for j := range columns {
//		around, sum, squares := 0, 0, 0
//		for i := range near { around += c[out[i]+j] }
//		around *= nearInverse
//		for i := range rows { d := c[out[i]+j] - around; sum += d; squares += d^2 }
//		// from here on in doubles
//		d := around - moments[0,j] + sum*inverse
//		moments[0,j] += d*share
//		moments[1,j] += max(squares-sum*sum*inverse, 0) + d*d*weight
//	}
//
// out is bytes. Only columns that exist are read. moments is in the order of interleaved; what it holds for the other columns
// of the last vector is lost.
//
//	SI c and DI moments of the vector    DX out    R8 rows, R9 near    BX columns to go    R10 next offset    CX rows to go
//	V0 around    V1,V4 sums of even and odd rows, V2,V5 of squares    V3,V6 two rows
//	V10 inverse, V11 share, V12 weight, in doubles    V13 nearInverse    V14 zeros
#define TILEMOMENTS \
	MOVQ   moments+0(FP), DI;            \
	MOVQ   c+8(FP), SI;                  \
	MOVQ   out+16(FP), DX;               \
	MOVQ   rows+24(FP), R8;              \
	MOVQ   near+32(FP), R9;              \
	MOVQ   columns+40(FP), BX;           \
	VBROADCASTSS nearInverse+48(FP), V13; \
	VBROADCASTSD inverse+56(FP), V10;    \
	VBROADCASTSD share+64(FP), V11;      \
	VBROADCASTSD weight+72(FP), V12;     \
	VXORPS V14, V14, V14;                \
	MOVQ   BX, AX;                       \
	ANDQ   $(WIDTH-1), AX;               \
	TAIL(AX);                            \
	SUBQ   $WIDTH, BX;                   \
	JLT    last;                         \
vector:                                  \
	COLUMNS(LOAD, neartwo, nearone, near, two, one, pool) \
	ADDQ   $BYTES, SI;                   \
	ADDQ   $(4*BYTES), DI;               \
	SUBQ   $WIDTH, BX;                   \
	JGE    vector;                       \
last:                                    \
	ADDQ   $WIDTH, BX;                   \
	JEQ    done;                         \
	COLUMNS(LOADTAIL, lastneartwo, lastnearone, lastnear, lasttwo, lastone, lastpool) \
done:                                    \
	VZEROUPPER;                          \
	RET

// COLUMNS takes the moments of one vector of columns; the labels are its own. The first pass goes round 0, for the sum.
#define COLUMNS(load, neartwo, nearone, near, two, one, pool) \
	VXORPS V0, V0, V0;                   \
	DEVIATIONS(load, R9, neartwo, nearone, near) \
	VMULPS V13, V1, V0;                  \
	DEVIATIONS(load, R8, two, one, pool) \
	WIDEN(V0, H0, V7, V3, H3);           \
	WIDEN(V1, H1, V8, V0, H0);           \
	WIDEN(V2, H2, V9, V1, H1);           \
	POOLED(V7, V8, V9, 0)                \
	POOLED(V3, V0, V1, BYTES)

// DEVIATIONS sets V1 and V2 to the sums of the deviations of n rows from V0 and of their squares, two rows at a time.
#define DEVIATIONS(load, n, two, one, end) \
	VXORPS V1, V1, V1;                   \
	VXORPS V2, V2, V2;                   \
	VXORPS V4, V4, V4;                   \
	VXORPS V5, V5, V5;                   \
	MOVQ   DX, R10;                      \
	MOVQ   n, CX;                        \
	SUBQ   $2, CX;                       \
	JLT    one;                          \
two:                                     \
	MOVQ   (R10), AX;                    \
	MOVQ   8(R10), R11;                  \
	DEVIATION(load, AX, V3, V1, V2)      \
	DEVIATION(load, R11, V6, V4, V5)     \
	ADDQ   $16, R10;                     \
	SUBQ   $2, CX;                       \
	JGE    two;                          \
one:                                     \
	ADDQ   $2, CX;                       \
	JEQ    end;                          \
	MOVQ   (R10), AX;                    \
	DEVIATION(load, AX, V3, V1, V2)      \
end:                                     \
	VADDPS V4, V1, V1;                   \
	VADDPS V5, V2, V2;

#define DEVIATION(load, offset, d, sum, squares) \
	load((SI)(offset*1), d);             \
	VSUBPS V0, d, d;                     \
	VADDPS d, sum, sum;                  \
	VFMADD231PS d, d, squares;

// POOLED adds the moments of half a vector of columns, in doubles, to those that lie at bytes at of the vector's. VMAXPD keeps
// a NaN where it stands second. Destroys V4 and V5.
#define POOLED(around, sum, squares, at) \
	VMULPD V10, sum, V4;                     \
	VFNMADD231PD V4, sum, squares;           \
	VMAXPD squares, V14, squares;            \
	VMOVUPD at(DI), V5;                      \
	VSUBPD V5, around, around;               \
	VADDPD V4, around, around;               \
	VFMADD231PD V11, around, V5;             \
	VMOVUPD V5, at(DI);                      \
	VMULPD around, around, V4;               \
	VADDPD at+2*BYTES(DI), squares, squares; \
	VFMADD231PD V12, V4, squares;            \
	VMOVUPD squares, at+2*BYTES(DI);
