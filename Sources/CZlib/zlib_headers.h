/*
 * The part of <zlib.h> that packs and unpacks gzip, declared here: the header itself brings libc's headers into a second
 * module, and Swift then loses names of the first (SOCK_RAW among them). zlib checks the version and the size of its struct.
 */
#pragma once

struct zlib_stream {
	const unsigned char *next_in;
	unsigned int avail_in;
	unsigned long total_in;
	unsigned char *next_out;
	unsigned int avail_out;
	unsigned long total_out;
	const char *msg;
	void *state;
	void *zalloc, *zfree, *opaque;
	int data_type;
	unsigned long adler, reserved;
};

const char *zlibVersion(void);
int inflateInit2_(struct zlib_stream *stream, int window_bits, const char *version, int size);
int inflate(struct zlib_stream *stream, int flush);
int inflateReset(struct zlib_stream *stream);
int inflateEnd(struct zlib_stream *stream);
int deflateInit2_(struct zlib_stream *stream, int level, int method, int window_bits, int memory_level, int strategy,
		  const char *version, int size);
int deflate(struct zlib_stream *stream, int flush);
int deflateEnd(struct zlib_stream *stream);

enum { ZLIB_OK = 0, ZLIB_STREAM_END = 1, ZLIB_DATA_ERROR = -3, ZLIB_BUFFER_ERROR = -5 };
enum { ZLIB_GZIP = 15 + 16, ZLIB_DEFLATED = 8, ZLIB_FINISH = 4 };

/* On the heap: zlib keeps the address. 0: no memory, or another zlib than this was written for. */
static inline struct zlib_stream *zlib_open(int packs)
{
	struct zlib_stream *stream = (struct zlib_stream *)__builtin_calloc(1, sizeof(*stream));

	if (!stream)
		return 0;
	int code = packs ? deflateInit2_(stream, 6, ZLIB_DEFLATED, ZLIB_GZIP, 8, 0, zlibVersion(), sizeof(*stream))
			 : inflateInit2_(stream, ZLIB_GZIP, zlibVersion(), sizeof(*stream));
	if (code == ZLIB_OK)
		return stream;
	__builtin_free(stream);
	return 0;
}

static inline void zlib_close(struct zlib_stream *stream, int packs)
{
	if (packs)
		deflateEnd(stream);
	else
		inflateEnd(stream);
	__builtin_free(stream);
}

/* One step. *read and *written: how many bytes of each side it took. */
static inline int zlib_step(struct zlib_stream *stream, int packs, const void *from, unsigned int from_count, void *to,
			    unsigned int to_count, int flush, unsigned int *read, unsigned int *written)
{
	stream->next_in = (const unsigned char *)from;
	stream->avail_in = from_count;
	stream->next_out = (unsigned char *)to;
	stream->avail_out = to_count;
	int code = packs ? deflate(stream, flush) : inflate(stream, flush);

	*read = from_count - stream->avail_in;
	*written = to_count - stream->avail_out;
	return code;
}
