//! CRC-32 of IEEE 802.3. Written here for size: what it runs over is small, and a quick one costs 22 KB of tables.

const POLYNOMIAL: u32 = 0xedb8_8320;

/// The remainder of each half byte.
const REMAINDERS: [u32; 16] = {
    let mut table = [0; 16];
    let mut index = 0;
    while index < 16 {
        let mut remainder = index as u32;
        let mut bit = 0;
        while bit < 4 {
            remainder = (remainder >> 1) ^ if remainder & 1 == 1 { POLYNOMIAL } else { 0 };
            bit += 1;
        }
        table[index] = remainder;
        index += 1;
    }
    table
};

/// The check sum of some bytes.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let halves = bytes.iter().flat_map(|byte| [byte & 0x0f, byte >> 4]);
    !halves.fold(!0, |sum, half| (sum >> 4) ^ REMAINDERS[((sum ^ u32::from(half)) & 0x0f) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of the catalogue of CRCs, and two that everybody knows.
    #[test]
    fn sums_are_those_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
        assert_eq!(crc32(b"The quick brown fox jumps over the lazy dog"), 0x414f_a339);
    }
}
