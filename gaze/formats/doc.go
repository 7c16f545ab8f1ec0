// Package formats reads recordings of gaze from the files of eye trackers and of published data sets, and sorts them to
// the images.
//
// [Load] recognises a file's format by its beginning and a data set by the layout of its folder; [Formats] lists what
// there is, and each reader says in its source which program or data set writes its files, with the header line. Whatever
// the format, a recording has pixels of one frame and seconds, and what was left out is counted by its reason.
//
// Gaze in a format that is not here is best written as the neutral table, image,reader,x [px],y [px],start [s],duration
// [s], or read through a map of columns ([ParseColumns]). This holds for the pickles of HazyResearch/observational (gaze on
// SIIM-ACR chest X-rays): a dictionary from image to a list of (x, y, t), in fractions of the image and with times that
// are not seconds, so that its durations are weights. Pickles are programs and are not read; a few lines of Python write
// the table:
//
//	import csv, pickle, sys
//	out = csv.writer(sys.stdout)
//	out.writerow(["image", "x [norm]", "y [norm]", "start [s]", "duration [s]"])
//	for image, gaze in pickle.load(open(sys.argv[1], "rb")).items():
//	    for (x, y, t), (_, _, end) in zip(gaze, gaze[1:]):
//	        out.writerow([image, x, y, t, end - t])
package formats
