import { isIPv4, isIPv6 } from 'node:net'

/**
 * `&ip_address=…` for an IPv4 address. Adjust takes no other, and an event is worth more than its address:
 * the rest is left out with the warning `ip_address_ipv6` or `ip_address_malformed`.
 */
export function ipAddressParameter(ipAddress: string | null, warnings: string[]): string {
  if (!ipAddress) return ''
  if (isIPv4(ipAddress)) return `&ip_address=${ipAddress}`
  warnings.push(isIPv6(ipAddress) ? 'ip_address_ipv6' : 'ip_address_malformed')
  return ''
}
