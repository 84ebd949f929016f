import { elf, type Machine } from './elf.ts';

/**
 * The first process of every pod's sandbox. It holds the pod's namespaces, and where the pod shares its process
 * namespace it is the one that reaps orphans. In C it would read:
 *
 *     sigset_t set = {SIGINT, SIGTERM, SIGCHLD};
 *     sigprocmask(SIG_BLOCK, &set, 0);
 *     for (;;) {
 *       int n = sigwaitinfo(&set);
 *       if (n == SIGINT || n == SIGTERM) exit(0);
 *       while (waitpid(-1, 0, WNOHANG) > 0);
 *     }
 *
 * Blocked signals do reach the first process of a process namespace, so no handler is needed.
 */
const SIGNALS = (1 << (2 - 1)) | (1 << (15 - 1)) | (1 << (17 - 1)); // SIGINT, SIGTERM, SIGCHLD: 0x14002

const le32 = (value: number) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, (value >>> 24) & 255];

function amd64(): Uint8Array {
  return Uint8Array.from([
    ...[0x68, ...le32(SIGNALS)], //             push   SIGNALS           the set lies on the stack
    ...[0x48, 0x89, 0xe6], //                   mov    rsi, rsp          set
    ...[0x31, 0xff], //                         xor    edi, edi          SIG_BLOCK
    ...[0x31, 0xd2], //                         xor    edx, edx          no old set
    ...[0x41, 0xba, 8, 0, 0, 0], //             mov    r10d, 8           size of the set
    ...[0xb8, 14, 0, 0, 0], //                  mov    eax, rt_sigprocmask
    ...[0x0f, 0x05], //                         syscall
    // wait:
    ...[0x48, 0x89, 0xe7], //                   mov    rdi, rsp          set
    ...[0x31, 0xf6], //                         xor    esi, esi          no siginfo
    ...[0x31, 0xd2], //                         xor    edx, edx          no time-out
    ...[0x41, 0xba, 8, 0, 0, 0], //             mov    r10d, 8
    ...[0xb8, 128, 0, 0, 0], //                 mov    eax, rt_sigtimedwait
    ...[0x0f, 0x05], //                         syscall
    ...[0x83, 0xf8, 2], //                      cmp    eax, SIGINT
    ...[0x74, 33], //                           je     end
    ...[0x83, 0xf8, 15], //                     cmp    eax, SIGTERM
    ...[0x74, 28], //                           je     end
    // reap:
    ...[0x48, 0x83, 0xcf, 0xff], //             or     rdi, -1           any child
    ...[0x31, 0xf6], //                         xor    esi, esi          no status
    ...[0xba, 1, 0, 0, 0], //                   mov    edx, WNOHANG
    ...[0x45, 0x31, 0xd2], //                   xor    r10d, r10d        no rusage
    ...[0xb8, 61, 0, 0, 0], //                  mov    eax, wait4
    ...[0x0f, 0x05], //                         syscall
    ...[0x48, 0x85, 0xc0], //                   test   rax, rax
    ...[0x7f, 0xe6], //                         jg     reap              24 bytes of loop and 2 of this jump back
    ...[0xeb, 0xc6], //                         jmp    wait              58 bytes back
    // end:
    ...[0x31, 0xff], //                         xor    edi, edi
    ...[0xb8, 231, 0, 0, 0], //                 mov    eax, exit_group
    ...[0x0f, 0x05], //                         syscall
  ]);
}

function arm64(): Uint8Array {
  const movz = (register: number, value: number) => (0xd2800000 | (value << 5) | register) >>> 0;
  const SVC = 0xd4000001;
  const branch = (words: number) => (0x14000000 | (words & 0x3ffffff)) >>> 0;
  const branchIf = (condition: number, words: number) => (0x54000000 | ((words & 0x7ffff) << 5) | condition) >>> 0;
  const cmpW0 = (value: number) => (0x7100001f | (value << 10)) >>> 0;
  const EQ = 0;
  const GT = 12;
  const words = [
    /*  0 */ movz(9, SIGNALS & 0xffff), //     movz x9, low half
    /*  1 */ (0xf2a00009 | ((SIGNALS >>> 16) << 5)) >>> 0, // movk x9, high half, lsl 16
    /*  2 */ 0xf81f0fe9, //                    str  x9, [sp, -16]!      the set lies on the stack
    /*  3 */ movz(0, 0), //                    SIG_BLOCK
    /*  4 */ 0x910003e1, //                    mov  x1, sp              set
    /*  5 */ movz(2, 0), //                    no old set
    /*  6 */ movz(3, 8), //                    size of the set
    /*  7 */ movz(8, 135), //                  rt_sigprocmask
    /*  8 */ SVC,
    /*  9 wait: */ 0x910003e0, //              mov  x0, sp              set
    /* 10 */ movz(1, 0), //                    no siginfo
    /* 11 */ movz(2, 0), //                    no time-out
    /* 12 */ movz(3, 8),
    /* 13 */ movz(8, 137), //                  rt_sigtimedwait
    /* 14 */ SVC,
    /* 15 */ cmpW0(2), //                      SIGINT
    /* 16 */ branchIf(EQ, 28 - 16),
    /* 17 */ cmpW0(15), //                     SIGTERM
    /* 18 */ branchIf(EQ, 28 - 18),
    /* 19 reap: */ 0x92800000, //              mov  x0, -1              any child
    /* 20 */ movz(1, 0), //                    no status
    /* 21 */ movz(2, 1), //                    WNOHANG
    /* 22 */ movz(3, 0), //                    no rusage
    /* 23 */ movz(8, 260), //                  wait4
    /* 24 */ SVC,
    /* 25 */ 0xf100001f, //                    cmp  x0, 0
    /* 26 */ branchIf(GT, 19 - 26),
    /* 27 */ branch(9 - 27),
    /* 28 end: */ movz(0, 0),
    /* 29 */ movz(8, 94), //                   exit_group
    /* 30 */ SVC,
  ];
  return Uint8Array.from(words.flatMap(le32));
}

/** The program for a machine, ready to run. */
export function pauseProgram(machine: Machine): Buffer {
  return elf(machine, machine === 'amd64' ? amd64() : arm64());
}
