package kerneltest

// ConvGolden is one convolution of ops.json.
type ConvGolden struct {
	Sizes [11]int `json:"n_c_h_w_k_r_s_stride_pad_dilation_groups"`
	Y     Probe   `json:"y"`
	DX    Probe   `json:"dx"`
	DW    Probe   `json:"dw"`
}

// OpsGolden is ops.json: single operations, forward and backward.
type OpsGolden struct {
	Conv2D    []ConvGolden `json:"conv2d"`
	BatchNorm struct {
		Y           Probe `json:"y"`
		DX          Probe `json:"dx"`
		DGamma      Probe `json:"dgamma"`
		DBeta       Probe `json:"dbeta"`
		RunningMean Probe `json:"running_mean"`
		RunningVar  Probe `json:"running_var"`
		EvalY       Probe `json:"eval_y"`
	} `json:"batch_norm"`
	MaxPool struct {
		Y  Probe `json:"y"`
		DX Probe `json:"dx"`
	} `json:"max_pool_3x3_s2_p1"`
	Linear struct {
		Y  Probe `json:"y"`
		DX Probe `json:"dx"`
		DW Probe `json:"dw"`
		DB Probe `json:"db"`
	} `json:"linear"`
	CrossEntropy struct {
		Labels []int   `json:"labels"`
		Loss   float64 `json:"loss"`
		DX     Probe   `json:"dx"`
	} `json:"cross_entropy"`
	L2Normalize struct {
		Y  Probe `json:"y"`
		DX Probe `json:"dx"`
	} `json:"l2_normalize"`
	SGD   OptimiserGolden `json:"optimizer_sgd"`
	AdamW OptimiserGolden `json:"optimizer_adamw"`
}

// OptimiserGolden is the parameters after some steps of an optimiser.
type OptimiserGolden struct {
	Steps int   `json:"steps"`
	P     Probe `json:"p"`
}

// LossGolden is one loss of losses.json with the gradients that it has.
type LossGolden struct {
	Positives   int     `json:"positives"`
	Temperature float64 `json:"temperature"`
	Loss        float64 `json:"loss"`
	DO1         Probe   `json:"do1"`
	DO2         Probe   `json:"do2"`
	DQ          Probe   `json:"dq"`
	DZ1         Probe   `json:"dz1"`
	DZ2         Probe   `json:"dz2"`
}

// NetworkGolden is one case of networks.json: a ResNet without its classifier in train mode, features, gradients by
// PyTorch's parameter name, and the features in eval mode afterwards.
type NetworkGolden struct {
	Depth        int              `json:"depth"`
	Width        int              `json:"width"`
	Channels     int              `json:"channels"`
	Batch        int              `json:"batch"`
	Size         int              `json:"size"`
	Parameters   int              `json:"parameters"`
	Names        []string         `json:"names"`
	Features     Probe            `json:"features"`
	DX           Probe            `json:"dx"`
	Grads        map[string]Probe `json:"grads"`
	EvalFeatures Probe            `json:"eval_features"`
	// Torch is how far PyTorch's own float32 lies from the golden float64, as Probe.Deviation measures it.
	Torch struct {
		Features     float64 `json:"features"`
		DX           float64 `json:"dx"`
		GradsLargest float64 `json:"grads_largest"`
	} `json:"torch_float32_deviation"`
}

// TrajectoryGolden is one case of trajectories.json: the losses of a BYOL training.
type TrajectoryGolden struct {
	Depth        int        `json:"depth"`
	Width        int        `json:"width"`
	Size         int        `json:"size"`
	Batch        int        `json:"batch"`
	Projector    [2]int     `json:"projector"`
	Optimizer    string     `json:"optimizer"`
	LR           float64    `json:"lr"`
	Betas        [2]float64 `json:"betas"`
	Momentum     float64    `json:"momentum"`
	Eps          float64    `json:"eps"`
	WeightDecay  float64    `json:"weight_decay"`
	Positives    int        `json:"positives"`
	Losses       []float64  `json:"losses"`
	Conv1        Probe      `json:"conv1"`
	TargetConv1  Probe      `json:"target_conv1"`
	TorchFloat32 []float64  `json:"torch_float32_deviation"`
}

// MethodGolden is one case of methods.json: the losses of a training by SimSiam, SimCLR or MoCo.
type MethodGolden struct {
	Method        string     `json:"method"`
	Depth         int        `json:"depth"`
	Width         int        `json:"width"`
	Size          int        `json:"size"`
	Items         int        `json:"items"`
	Batch         int        `json:"batch"`
	Optimizer     string     `json:"optimizer"`
	LR            float64    `json:"lr"`
	Betas         [2]float64 `json:"betas"`
	Momentum      float64    `json:"momentum"`
	Eps           float64    `json:"eps"`
	WeightDecay   float64    `json:"weight_decay"`
	Normaliser    string     `json:"normaliser"`
	Temperature   float64    `json:"temperature"`
	Blocks        string     `json:"blocks"`
	Slots         int        `json:"slots"`
	Positives     []int      `json:"positives"` // of every step, the anchor's own view or key included
	Losses        []float64  `json:"losses"`
	Conv1         Probe      `json:"conv1"`
	ProjectorLast Probe      `json:"projector_last"`
	KeyConv1      Probe      `json:"key_conv1"`
	Queue         Probe      `json:"queue"`
	TorchFloat32  []float64  `json:"torch_float32_deviation"`
}
