package io.blkspc.cli.image;

import java.nio.charset.StandardCharsets;

/** Formats that hold a disk inside a file, told by how such a file begins; the names are those of qemu-img. */
public enum ImageFormat {
    QCOW2("QFI\u00fb", 0),
    VMDK("KDMV", 0),
    VHDX("vhdxfile", 0),
    /** The format of .vhd files, where they may grow. */
    VPC("conectix", 0),
    VDI("\u007f\u0010\u00da\u00be", 64),
    RAW("", 0);

    /** Bytes of an image that tell its format. */
    public static final int HEAD_BYTES = 68;

    /** One character for each byte. */
    private final String magic;

    private final int offset;

    ImageFormat(String magic, int offset) {
        this.magic = magic;
        this.offset = offset;
    }

    /**
     * The format of an image.
     *
     * @param head how it begins: {@link #HEAD_BYTES} bytes, or all of a shorter one
     * @return {@link #RAW} where it begins as none of the others
     */
    public static ImageFormat of(byte[] head) {
        String begin = new String(head, StandardCharsets.ISO_8859_1);
        for (ImageFormat format : values()) {
            if (begin.startsWith(format.magic, format.offset)) {
                return format;
            }
        }
        throw new AssertionError("raw has no magic");
    }
}
