// Package imagefile knows what the containers of pictures say beside their pixels, and mends what the decoders of the image
// packages leave to others: the tag of orientation, JPEG without tables or markers, the polarity of facsimile in TIFF, and
// PGM and PPM, which it registers with package image.
package imagefile
