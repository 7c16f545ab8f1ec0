// Max pooling of some neighbouring pixels of one output row, whose windows have the same number of rows and columns inside
// the image. Pixels are vectors of channels; the channels of a window are followed through it one vector at a time. Expected:
// 9 loads for every vector of a 3x3 window, all but the first from L1, so the bandwidth of memory.
//
//	SI x, first element of the window    DI y    AX byte of the pixel, R11 bytes of whole vectors, R12 of all
//	BX row of the window    DX element of the row    R8 rows to go    CX columns to go    R13 bytes of a row of x
//	forward: R9 rows    R10 columns    V14 -Inf    backward: R9 dx-x    R10 dy-y

// CHANNELS sets R11 and R12 from the number of channels. Destroys R13.
#define CHANNELS(n) \
	MOVQ n, R12;            \
	MOVQ R12, R11;          \
	ANDQ $(WIDTH-1), R11;   \
	LEAQ (R11*4), AX;       \
	SHLQ $2, R12;           \
	TAIL(R11);              \
	MOVQ R12, R11;          \
	SUBQ AX, R11

// PIXELS does VECTOR for the whole vectors of channels of every output pixel and LAST for what is left of them.
#define PIXELS(VECTOR, LAST, step, pixels) \
pixel:                \
	XORL  AX, AX;     \
	TESTQ R11, R11;   \
	JEQ   last;       \
vector:               \
	VECTOR            \
	ADDQ  $BYTES, AX; \
	CMPQ  AX, R11;    \
	JLT   vector;     \
last:                 \
	CMPQ  AX, R12;    \
	JEQ   next;       \
	LAST              \
next:                 \
	ADDQ  R12, DI;    \
	ADDQ  step, SI;   \
	DECQ  pixels;     \
	JNE   pixel;      \
	VZEROUPPER;       \
	RET

// LARGESTTAP is the largest of a window for one vector of channels.
#define LARGESTTAP(load, store, row, tap) \
	VMOVAPS V14, V0;       \
	NONAN;                 \
	LEAQ (SI)(AX*1), BX;   \
	MOVQ R9, R8;           \
row:                       \
	MOVQ BX, DX;           \
	MOVQ R10, CX;          \
tap:                       \
	load((DX), V1);        \
	SEENAN(V1);            \
	VMAXPS V1, V0, V0;     \
	ADDQ R12, DX;          \
	DECQ CX;               \
	JNE  tap;              \
	ADDQ R13, BX;          \
	DECQ R8;               \
	JNE  row;              \
	PUTNAN(V0);            \
	store(V0, (DI)(AX*1));

// MAXPOOL computes func(y, x *float32, channels, pixels, step, rows, columns, rowStep int), $0-64.
#define MAXPOOL \
	CHANNELS(channels+16(FP));  \
	MOVQ y+0(FP), DI;           \
	MOVQ x+8(FP), SI;           \
	MOVQ rows+40(FP), R9;       \
	MOVQ columns+48(FP), R10;   \
	MOVQ rowStep+56(FP), R13;   \
	MOVL $0xFF800000, AX;       \
	VMOVD AX, X14;              \
	VBROADCASTSS X14, V14;      \
	PIXELS(LARGESTTAP(LOAD, STORE, row, tap), LARGESTTAP(LOADTAIL, STORETAIL, lastRow, lastTap), step+32(FP), pixels+24(FP))

// FIRSTTAP passes the gradient of a window on to its first element that equals y, for one vector of channels. It only
// looks at the rows to skip.
#define FIRSTTAP(load, store, skipRow, skipTap, noSkip, row, tap) \
	load((DI)(AX*1), V1);        \
	LEAQ (DI)(R10*1), DX;        \
	load((DX)(AX*1), V2);        \
	OPEN;                        \
	LEAQ (SI)(AX*1), BX;         \
	MOVQ skip+56(FP), R8;        \
	TESTQ R8, R8;                \
	JEQ  noSkip;                 \
skipRow:                         \
	MOVQ BX, DX;                 \
	MOVQ columns+72(FP), CX;     \
skipTap:                         \
	load((DX), V0);              \
	SHUT(V0, V1);                \
	ADDQ R12, DX;                \
	DECQ CX;                     \
	JNE  skipTap;                \
	ADDQ R13, BX;                \
	DECQ R8;                     \
	JNE  skipRow;                \
noSkip:                          \
	MOVQ rows+64(FP), R8;        \
row:                             \
	MOVQ BX, DX;                 \
	MOVQ columns+72(FP), CX;     \
tap:                             \
	load((DX), V0);              \
	load((DX)(R9*1), V3);        \
	FIRST(V0, V1, V2, V3);       \
	store(V3, (DX)(R9*1));       \
	ADDQ R12, DX;                \
	DECQ CX;                     \
	JNE  tap;                    \
	ADDQ R13, BX;                \
	DECQ R8;                     \
	JNE  row;

#define FIRSTTAPS FIRSTTAP(LOAD, STORE, skipRow, skipTap, noSkip, row, tap)
#define LASTFIRSTTAPS FIRSTTAP(LOADTAIL, STORETAIL, lastSkipRow, lastSkipTap, lastNoSkip, lastRow, lastTap)

// MAXPOOLBACKWARD computes func(dx, dy, y, x *float32, channels, pixels, step, skip, rows, columns, rowStep int), $0-88.
#define MAXPOOLBACKWARD \
	CHANNELS(channels+32(FP));  \
	MOVQ y+16(FP), DI;          \
	MOVQ x+24(FP), SI;          \
	MOVQ dx+0(FP), R9;          \
	SUBQ SI, R9;                \
	MOVQ dy+8(FP), R10;         \
	SUBQ DI, R10;               \
	MOVQ rowStep+80(FP), R13;   \
	PIXELS(FIRSTTAPS, LASTFIRSTTAPS, step+48(FP), pixels+40(FP))
