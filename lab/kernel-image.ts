/**
 * The compressed ELF kernel inside a bzImage (the kernel's Documentation/arch/x86/boot.rst): the
 * host unpacks it once, where a guest in software emulation would spend 2 s of every boot on it.
 */
export function compressedKernel(bzImage: Buffer): { unpack: 'xz' | 'zstd'; data: Buffer } | undefined {
  const setupSectors = bzImage.readUInt8(0x1f1);
  const protectedMode = (setupSectors + 1) * 512;
  const start = protectedMode + bzImage.readUInt32LE(0x248);
  // The last 4 bytes are the unpacked size.
  const data = bzImage.subarray(start, start + bzImage.readUInt32LE(0x24c) - 4);
  if (data.readUInt32BE() === 0xfd377a58) return { unpack: 'xz', data };
  if (data.readUInt32BE() === 0x28b52ffd) return { unpack: 'zstd', data };
  return undefined;
}
