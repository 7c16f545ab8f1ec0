// Package torchfile reads the files that PyTorch's torch.save writes (.pt, .pth, .ckpt and other endings), in their two
// forms: since version 1.6 a zip archive with a pickle and a member for each storage, and before, or on request, a stream
// of pickles with the storages behind them.
//
// A pickle is a program, and Python's reader calls whatever function it names. The reader here knows the few names that a
// dictionary of tensors is made of: OrderedDict, the storages, and the functions that make a tensor of a storage, an
// offset, a shape and strides. Any other name is an error, and nothing is ever called. A file is never trusted: the
// instructions and bytes of a pickle, the nesting of its values, and every size and place are bounded and checked against
// the file before a tensor can be read; the elements stay in the file until they are asked for.
//
// It does not read what is not a dictionary of tensors (whole modules, TorchScript archives, quantised and sparse
// tensors), compressed archives, which torch.save does not write, and the tar archives of PyTorch before 0.2.
package torchfile
