//! Decoded pictures: made smaller, turned upright, and written as previews and placeholders.
//!
//! Only cleaned files are decoded, so the decoders see sizes within the limits and no metadata. The order matters
//! for memory and time: shrink first, then turn and flatten what is left.

use std::io::Cursor;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x2, U8x3, U8x4};
use fast_image_resize::{FilterType, PixelTrait, PixelType, ResizeAlg, ResizeOptions, Resizer};
use png::Transformations;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::exif::Orientation;
use super::{MAX_PIXELS, MediaError, check_size, damaged};

/// 80 is where artefacts start to be hard to find on leaves and handwriting at this size.
const PREVIEW_QUALITY: u8 = 80;

/// ThumbHash takes pictures of at most 100 by 100 pixels.
const PLACEHOLDER_SIDE: u32 = 100;

/// What one frame of a GIF may take.
const GIF_LIMIT: std::num::NonZeroU64 = std::num::NonZeroU64::MIN.saturating_add(MAX_PIXELS * 4);

/// A decoded picture as it is stored: rows from the top, 8 bits a channel.
pub(super) struct Stored {
    width: u32,
    height: u32,
    channels: PixelType,
    samples: Vec<u8>,
}

/// A picture ready to be shown: upright, red, green and blue, 8 bits each.
pub(super) struct Shown {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

/// Decodes a cleaned JPEG to its last row. A file that only starts well is an error.
pub(super) fn decode_jpeg(bytes: &[u8]) -> Result<Stored, MediaError> {
    let options = DecoderOptions::new_safe()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let samples = decoder.decode().map_err(|error| damaged(error.to_string()))?;
    let (width, height) = decoder.dimensions().ok_or_else(|| damaged("it has no size"))?;
    Ok(Stored { width: width as u32, height: height as u32, channels: PixelType::U8x3, samples })
}

/// Decodes a cleaned PNG: palettes are looked up, 16 bits become 8, grey and transparency stay.
pub(super) fn decode_png(bytes: &[u8]) -> Result<Stored, MediaError> {
    let torn = |error: png::DecodingError| damaged(error.to_string());
    // Rows of 16-bit colours are the largest thing the decoder keeps for itself.
    let limits = png::Limits { bytes: MAX_PIXELS as usize };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(torn)?;
    let length = reader.output_buffer_size().ok_or_else(|| damaged("its size can't be right"))?;
    let mut samples = vec![0; length];
    let frame = reader.next_frame(&mut samples).map_err(torn)?;
    reader.finish().map_err(torn)?;
    samples.truncate(frame.buffer_size());
    let channels = match frame.color_type {
        png::ColorType::Grayscale => PixelType::U8,
        png::ColorType::GrayscaleAlpha => PixelType::U8x2,
        png::ColorType::Rgb => PixelType::U8x3,
        png::ColorType::Rgba => PixelType::U8x4,
        png::ColorType::Indexed => return Err(damaged("its palette is missing")),
    };
    Ok(Stored { width: frame.width, height: frame.height, channels, samples })
}

/// Decodes a cleaned WebP; of an animation, the first frame.
pub(super) fn decode_webp(bytes: &[u8]) -> Result<Stored, MediaError> {
    let torn = |error: image_webp::DecodingError| damaged(error.to_string());
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).map_err(torn)?;
    decoder.set_memory_limit(MAX_PIXELS as usize * 4);
    let length = decoder.output_buffer_size().ok_or_else(|| damaged("its size can't be right"))?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let channels = if decoder.has_alpha() { PixelType::U8x4 } else { PixelType::U8x3 };
    let mut samples = vec![0; length];
    decoder.read_image(&mut samples).map_err(torn)?;
    Ok(Stored { width, height, channels, samples })
}

/// Decodes a cleaned GIF: the first frame, in its place on the screen.
pub(super) fn decode_gif(bytes: &[u8]) -> Result<Stored, MediaError> {
    let torn = |error: gif::DecodingError| damaged(error.to_string());
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    options.set_memory_limit(gif::MemoryLimit::Bytes(GIF_LIMIT));
    let mut decoder = options.read_info(bytes).map_err(torn)?;
    let (width, height) = (u32::from(decoder.width()), u32::from(decoder.height()));
    check_size(width, height)?;
    let frame = decoder.read_next_frame().map_err(torn)?.ok_or_else(|| damaged("it has no picture"))?;
    let row = width as usize * 4;
    let mut samples = vec![0; row * height as usize];
    let left = (usize::from(frame.left) * 4).min(row);
    let rows = samples.chunks_exact_mut(row).skip(frame.top.into());
    // A frame without a pixel shows nothing, and has no rows.
    for (to, from) in rows.zip(frame.buffer.chunks_exact((usize::from(frame.width) * 4).max(1))) {
        for (to, from) in to.iter_mut().skip(left).zip(from) {
            *to = *from;
        }
    }
    Ok(Stored { width, height, channels: PixelType::U8x4, samples })
}

impl Stored {
    /// The picture within a square of this side; never enlarged, never thinner than a pixel.
    pub(super) fn fit(self, side: u32) -> Result<Self, MediaError> {
        let longest = self.width.max(self.height);
        if longest <= side {
            return Ok(self);
        }
        let scale = |length: u32| {
            let scaled = (u64::from(length) * u64::from(side) + u64::from(longest) / 2) / u64::from(longest);
            (scaled as u32).max(1)
        };
        let (width, height) = (scale(self.width), scale(self.height));
        // By type, so that a browser loads code for these four and for no other of the library's fifteen.
        let samples = match self.channels {
            PixelType::U8 => self.resized::<U8>(width, height),
            PixelType::U8x2 => self.resized::<U8x2>(width, height),
            PixelType::U8x4 => self.resized::<U8x4>(width, height),
            _ => self.resized::<U8x3>(width, height),
        };
        Ok(Self { width, height, channels: self.channels, samples: samples? })
    }

    fn resized<P: PixelTrait>(&self, width: u32, height: u32) -> Result<Vec<u8>, MediaError> {
        let failed = |error: &dyn std::fmt::Display| damaged(error.to_string());
        let source = TypedImageRef::<P>::from_buffer(self.width, self.height, &self.samples);
        let source = source.map_err(|error| failed(&error))?;
        let mut samples = vec![0; width as usize * height as usize * P::size()];
        let target = TypedImage::<P>::from_buffer(width, height, &mut samples);
        let mut target = target.map_err(|error| failed(&error))?;
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
        Resizer::new().resize_typed(&source, &mut target, &options).map_err(|error| failed(&error))?;
        Ok(samples)
    }

    /// The picture as it is looked at: turned, and laid on white where it was transparent.
    pub(super) fn upright(&self, orientation: Orientation) -> Shown {
        let (width, height) = orientation.turn(self.width, self.height);
        let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
        for y in 0..height {
            for x in 0..width {
                let (from_x, from_y) = orientation.source(x, y, self.width, self.height);
                rgb.extend_from_slice(&self.pixel(from_x, from_y));
            }
        }
        Shown { width, height, rgb }
    }

    fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let size = self.channels.size();
        let at = (y as usize * self.width as usize + x as usize) * size;
        let on_white = |colour: u8, alpha: u8| {
            let (colour, alpha) = (u16::from(colour), u16::from(alpha));
            ((colour * alpha + 255 * (255 - alpha) + 127) / 255) as u8
        };
        match *self.samples.get(at..at + size).unwrap_or_default() {
            [grey] => [grey; 3],
            [grey, alpha] => [on_white(grey, alpha); 3],
            [red, green, blue] => [red, green, blue],
            [red, green, blue, alpha] => [red, green, blue].map(|colour| on_white(colour, alpha)),
            _ => [255; 3],
        }
    }
}

impl Shown {
    /// The preview's file.
    pub(super) fn to_jpeg(&self) -> Result<Vec<u8>, MediaError> {
        let mut bytes = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut bytes, PREVIEW_QUALITY);
        // Tables made for the picture would save a seventh, but jpeg-encoder 0.7.1 then stores the colours in scans
        // of their own, which zune-jpeg 0.5.15 (and so this very module) shows in wrong colours.
        encoder
            .encode(&self.rgb, self.width as u16, self.height as u16, jpeg_encoder::ColorType::Rgb)
            .map_err(|error| damaged(error.to_string()))?;
        Ok(bytes)
    }

    /// The placeholder's bytes.
    pub(super) fn thumb_hash(&self) -> Result<Vec<u8>, MediaError> {
        let whole = Stored {
            width: self.width,
            height: self.height,
            channels: PixelType::U8x3,
            samples: self.rgb.clone(),
        };
        let small = whole.fit(PLACEHOLDER_SIDE)?;
        let rgba: Vec<u8> =
            small.samples.chunks_exact(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255]).collect();
        Ok(thumbhash::rgba_to_thumb_hash(small.width as usize, small.height as usize, &rgba))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(width: u32, height: u32, channels: PixelType, samples: &[u8]) -> Stored {
        Stored { width, height, channels, samples: samples.to_vec() }
    }

    #[test]
    fn a_picture_shrinks_to_fit_and_never_grows() {
        let wide = stored(3000, 2, PixelType::U8, &[9; 6000]).fit(1280).unwrap();
        assert_eq!((wide.width, wide.height, wide.samples.len()), (1280, 1, 1280));
        let small = stored(3, 2, PixelType::U8x3, &[9; 18]).fit(1280).unwrap();
        assert_eq!((small.width, small.height), (3, 2));
    }

    #[test]
    fn a_quarter_turn_moves_the_left_column_to_the_top() {
        let picture = stored(2, 3, PixelType::U8, &[1, 2, 3, 4, 5, 6]);
        let shown = picture.upright(Orientation::from_exif(6).unwrap());
        assert_eq!((shown.width, shown.height), (3, 2));
        let grey: Vec<u8> = shown.rgb.chunks(3).map(|pixel| pixel[0]).collect();
        assert_eq!(grey, [5, 3, 1, 6, 4, 2]);
    }

    #[test]
    fn transparency_is_laid_on_white() {
        let picture = stored(2, 1, PixelType::U8x4, &[10, 20, 30, 0, 10, 20, 30, 255]);
        assert_eq!(picture.upright(Orientation::UPRIGHT).rgb, [255, 255, 255, 10, 20, 30]);
        let grey = stored(1, 1, PixelType::U8x2, &[0, 128]);
        assert_eq!(grey.upright(Orientation::UPRIGHT).rgb, [127; 3]);
    }

    #[test]
    fn every_shape_gets_a_placeholder() {
        for (width, height) in [(1, 1), (1, 500), (500, 1), (99, 101), (300, 200)] {
            let picture = stored(width, height, PixelType::U8, &vec![100; (width * height) as usize]);
            let hash = picture.upright(Orientation::UPRIGHT).thumb_hash().unwrap();
            assert!((5..=40).contains(&hash.len()), "{width} × {height}: {} bytes", hash.len());
        }
    }

    #[test]
    fn every_kind_of_png_is_decoded() {
        use png::{BitDepth, ColorType};
        for (color, depth) in [
            (ColorType::Grayscale, BitDepth::One),
            (ColorType::Grayscale, BitDepth::Sixteen),
            (ColorType::GrayscaleAlpha, BitDepth::Sixteen),
            (ColorType::Indexed, BitDepth::Four),
            (ColorType::Rgb, BitDepth::Sixteen),
            (ColorType::Rgba, BitDepth::Eight),
        ] {
            let mut bytes = Vec::new();
            let mut encoder = png::Encoder::new(&mut bytes, 4, 3);
            encoder.set_color(color);
            encoder.set_depth(depth);
            encoder.set_palette(vec![50; 48]);
            encoder.set_trns(if color == ColorType::Indexed { vec![0; 16] } else { vec![] });
            let row = (4 * color.samples() * depth as usize).div_ceil(8);
            let mut writer = encoder.write_header().unwrap();
            writer.write_image_data(&vec![0; row * 3]).unwrap();
            writer.finish().unwrap();
            let picture = decode_png(&bytes).unwrap();
            assert_eq!(picture.samples.len(), 12 * picture.channels.size(), "{color:?} {depth:?}");
        }
    }

    #[test]
    fn grey_and_cmyk_jpegs_are_decoded_to_colours() {
        use jpeg_encoder::ColorType;
        for (color, channels) in [(ColorType::Luma, 1), (ColorType::Cmyk, 4), (ColorType::CmykAsYcck, 4)] {
            let mut bytes = Vec::new();
            jpeg_encoder::Encoder::new(&mut bytes, 90)
                .encode(&vec![60; 16 * 16 * channels], 16, 16, color)
                .unwrap();
            let picture = decode_jpeg(&bytes).unwrap();
            assert_eq!(picture.samples.len(), 16 * 16 * 3, "{color:?}");
        }
    }
}
