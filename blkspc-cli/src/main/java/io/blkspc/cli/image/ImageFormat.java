package io.blkspc.cli.image;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

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

    private final byte[] magic;
    private final int offset;

    ImageFormat(String magic, int offset) {
        this.magic = magic.getBytes(StandardCharsets.ISO_8859_1);
        this.offset = offset;
    }

    /**
     * The format of an image.
     *
     * @param head how it begins: {@link #HEAD_BYTES} bytes, or all of a shorter one
     * @return {@link #RAW} where it begins as none of the others
     */
    public static ImageFormat of(byte[] head) {
        for (ImageFormat format : values()) {
            int end = format.offset + format.magic.length;
            if (end <= head.length && Arrays.equals(head, format.offset, end, format.magic, 0, format.magic.length)) {
                return format;
            }
        }
        throw new AssertionError("raw has no magic");
    }
}
